//! The file of the signing keys, shared by every process of the issuer: read by origins that run,
//! changed by commands, one at a time and as a whole.

use std::path::{Path, PathBuf};

use common::{KeyId, Secret, UnixSeconds};

use super::key_file::{self, KeyError};
use super::signing_keys::{KeyRefusal, KeyState, Rotate, SigningKeys};

/// Where the file is.
#[derive(Clone, Debug)]
pub(crate) struct SigningFile {
    folder: PathBuf,
}

/// Why the keys were not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyChangeError {
    /// The file.
    #[error(transparent)]
    File(#[from] KeyError),
    /// What was asked for.
    #[error(transparent)]
    Refused(#[from] KeyRefusal),
}

impl SigningFile {
    /// The file in the state folder `state`; made if it is missing, and so is a key.
    ///
    /// # Errors
    /// When it cannot be used or others can read it.
    pub(crate) fn open(state: &Path) -> Result<Self, KeyError> {
        let folder = state.join("keys");
        key_file::folder(&folder)?;
        let file = Self { folder };
        if key_file::read_if_there(&file.path())?.is_none() {
            file.make()?;
        }
        Ok(file)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("signing.json")
    }

    fn make(&self) -> Result<(), KeyError> {
        let _lock = key_file::lock(&self.folder)?;
        if key_file::read_if_there(&self.path())?.is_some() {
            return Ok(());
        }
        let keys = SigningKeys::make().map_err(|what| self.broken(what))?;
        self.write(&keys)
    }

    /// Its content, to compare with what was read before.
    pub(super) fn text(&self) -> Result<Secret<String>, KeyError> {
        key_file::read(&self.path())
    }

    pub(super) fn parse(&self, text: &Secret<String>) -> Result<SigningKeys, KeyError> {
        SigningKeys::parse(text).map_err(|what| self.broken(what))
    }

    fn write(&self, keys: &SigningKeys) -> Result<(), KeyError> {
        let text = keys.text().map_err(|what| self.broken(what))?;
        // What no origin could read is not written.
        self.parse(&text)?;
        key_file::replace(&self.path(), &text)
    }

    pub(super) fn broken(&self, what: &'static str) -> KeyError {
        KeyError::Broken { path: self.path(), what }
    }

    fn change<T>(
        &self,
        now: UnixSeconds,
        change: impl FnOnce(&mut SigningKeys) -> Result<T, KeyRefusal>,
    ) -> Result<T, KeyChangeError> {
        let _lock = key_file::lock(&self.folder)?;
        let mut keys = self.parse(&self.text()?)?;
        let answer = change(&mut keys)?;
        keys.forget_dead(now);
        self.write(&keys)?;
        Ok(answer)
    }

    /// Announces a new key, or brings forward the one that is announced; its name, and when it
    /// signs.
    ///
    /// # Errors
    /// When one is announced already, or the file cannot be used.
    pub(crate) fn rotate(
        &self,
        how: Rotate,
        now: UnixSeconds,
    ) -> Result<(KeyId, UnixSeconds), KeyChangeError> {
        self.change(now, |keys| keys.rotate(how, now))
    }

    /// Revokes a key; what it was before.
    ///
    /// # Errors
    /// When there is no such key, or the file cannot be used.
    pub(crate) fn revoke(&self, kid: &str, now: UnixSeconds) -> Result<KeyState, KeyChangeError> {
        self.change(now, |keys| keys.revoke(kid, now))
    }
}
