//! argon2id on threads of its own. A hash takes 19 MiB and some 30 ms: as many threads as may hash
//! at once bound both the memory and the load, and a thread is busy until its hash is done whether
//! or not the client is still there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{Error, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use async_trait::async_trait;
use common::Secret;
use tokio::sync::oneshot;

use crate::port::{Fit, PasswordFault, Passwords};

/// How long a caller waits for its turn before it is told to come back later.
const PATIENCE: Duration = Duration::from_secs(2);

/// Compared with when there is no account: the same work, and no password fits.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw\
                      $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

enum Job {
    Hash {
        password: Secret<String>,
        answer: oneshot::Sender<Result<Secret<String>, Error>>,
    },
    Verify {
        password: Secret<String>,
        hash: Option<Secret<String>>,
        answer: oneshot::Sender<Result<Fit, Error>>,
    },
}

/// The hashing threads.
pub(crate) struct Hashers {
    jobs: SyncSender<Job>,
    load: Arc<Load>,
}

/// How much there is to hash.
#[derive(Debug, Default)]
pub(crate) struct Load {
    waiting: AtomicU64,
    busy: AtomicU64,
    shed: AtomicU64,
}

impl Load {
    /// Callers whose turn has not come.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Threads that hash.
    pub(crate) fn busy(&self) -> u64 {
        self.busy.load(Ordering::Relaxed)
    }

    /// Callers who were sent away, so far.
    pub(crate) fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }
}

impl Hashers {
    /// Starts `threads` threads before which `queue` callers may wait. They end with the last
    /// handle.
    pub(crate) fn start(threads: usize, queue: usize) -> io::Result<Self> {
        let (jobs, line) = sync_channel(queue);
        let line = Arc::new(Mutex::new(line));
        let load = Arc::new(Load::default());
        for number in 0..threads {
            let (line, load) = (Arc::clone(&line), Arc::clone(&load));
            let work = move || work(&line, &load);
            thread::Builder::new().name(format!("argon2-{number}")).spawn(work)?;
        }
        Ok(Self { jobs, load })
    }

    /// How much there is to do for them.
    pub(crate) fn load(&self) -> Arc<Load> {
        Arc::clone(&self.load)
    }

    async fn ask<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, Error>>,
    ) -> Result<T, PasswordFault> {
        // Before it waits: a thread that takes it at once counts it off.
        self.load.waiting.fetch_add(1, Ordering::Relaxed);
        self.jobs.try_send(job).map_err(|error| {
            self.load.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => self.shed(),
                TrySendError::Disconnected(_) => PasswordFault::Failed(String::from("no threads")),
            }
        })?;
        tokio::time::timeout(PATIENCE, answer)
            .await
            .map_err(|_| self.shed())?
            .map_err(|_| PasswordFault::Failed(String::from("the thread ended")))?
            .map_err(|error| PasswordFault::Failed(error.to_string()))
    }

    fn shed(&self) -> PasswordFault {
        self.load.shed.fetch_add(1, Ordering::Relaxed);
        PasswordFault::Busy
    }
}

#[async_trait]
impl Passwords for Hashers {
    async fn hash(&self, password: Secret<String>) -> Result<Secret<String>, PasswordFault> {
        let (answer, receiver) = oneshot::channel();
        self.ask(Job::Hash { password, answer }, receiver).await
    }

    async fn verify(
        &self,
        password: Secret<String>,
        hash: Option<Secret<String>>,
    ) -> Result<Fit, PasswordFault> {
        let (answer, receiver) = oneshot::channel();
        self.ask(Job::Verify { password, hash, answer }, receiver).await
    }
}

fn work(line: &Mutex<Receiver<Job>>, load: &Load) {
    let mut bench = Bench::default();
    loop {
        // The lock is held while waiting for a job, never while doing one.
        let job = line.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        load.waiting.fetch_sub(1, Ordering::Relaxed);
        load.busy.fetch_add(1, Ordering::Relaxed);
        // Nobody listens to an answer whose caller has given up: the work is spared. That the
        // answer cannot be delivered afterwards is of no consequence either.
        match job {
            Job::Hash { password, answer } if !answer.is_closed() => {
                answer.send(bench.hash(&password)).ok();
            }
            Job::Verify { password, hash, answer } if !answer.is_closed() => {
                answer.send(bench.verify(&password, hash.as_ref())).ok();
            }
            Job::Hash { .. } | Job::Verify { .. } => {}
        }
        load.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The parameters that OWASP gives for argon2id first: 19 MiB, two passes, one lane.
fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(19 * 1024, 2, 1, Some(Params::DEFAULT_OUTPUT_LEN))
        .map_err(|_| Error::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A thread's working memory, taken once: given back and taken anew for each hash, it would leave
/// the allocator with several times as much.
#[derive(Default)]
struct Bench(Vec<Block>);

impl Bench {
    fn hash(&mut self, password: &Secret<String>) -> Result<Secret<String>, Error> {
        let argon2 = argon2()?;
        let salt = Salt::generate();
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(argon2.params())?,
            salt: Some(salt),
            hash: Some(self.output(&argon2, password, &salt)?),
        };
        Ok(Secret::new(hash.to_string()))
    }

    fn verify(
        &mut self,
        password: &Secret<String>,
        hash: Option<&Secret<String>>,
    ) -> Result<Fit, Error> {
        let argon2 = argon2()?;
        let known = PasswordHash::new(hash.map_or(NOBODY, |hash| hash.expose().as_str()))
            .map_err(|_| Error::EncodingInvalid)?;
        let ours = known.algorithm == Algorithm::Argon2id.ident()
            && known.version == Some(Version::V0x13.into())
            && known.params == ParamsString::try_from(argon2.params())?;
        let fits = match known.salt {
            // Outputs are compared in constant time by their own `PartialEq`.
            Some(salt) if ours => known.hash == Some(self.output(&argon2, password, &salt)?),
            // Made with other parameters: the library does it all, in memory of its own.
            _ => match argon2.verify_password(password.expose().as_bytes(), &known) {
                Ok(()) => true,
                Err(Error::PasswordInvalid) => false,
                Err(error) => return Err(error),
            },
        };
        Ok(match (fits && hash.is_some(), ours) {
            (false, _) => Fit::Wrong,
            (true, true) => Fit::Right,
            (true, false) => Fit::Outdated,
        })
    }

    fn output(
        &mut self,
        argon2: &Argon2<'_>,
        password: &Secret<String>,
        salt: &Salt,
    ) -> Result<Output, Error> {
        self.0.resize(argon2.params().block_count(), Block::default());
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let password = password.expose().as_bytes();
        argon2.hash_password_into_with_memory(password, salt, &mut output, &mut self.0)?;
        Output::new(&output).map_err(|_| Error::OutputSize)
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordHasher as _;

    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(String::from(text))
    }

    #[tokio::test]
    async fn only_the_password_itself_fits_to_the_last_byte() {
        let hashers = Hashers::start(1, 4).unwrap();
        let long = "x".repeat(256);
        let hash = hashers.hash(secret(&long)).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let fit = hashers.verify(secret(&long), Some(hash.clone())).await.unwrap();
        assert_eq!(fit, Fit::Right);
        let fit = hashers.verify(secret(&long[1..]), Some(hash)).await.unwrap();
        assert_eq!(fit, Fit::Wrong);
    }

    #[tokio::test]
    async fn pwd_01_nobody_has_no_password_and_costs_the_same_work() {
        let hashers = Hashers::start(1, 4).unwrap();
        let fit = hashers.verify(secret("password"), None).await.unwrap();
        assert_eq!(fit, Fit::Wrong);
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = Bench::default().hash(&secret("x")).unwrap();
        let real = PasswordHash::new(real.expose()).unwrap();
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
        assert_eq!(nobody.salt.unwrap().len(), real.salt.unwrap().len());
    }

    #[tokio::test]
    async fn pwd_04_who_finds_the_queue_full_is_told_at_once() {
        let hashers = Arc::new(Hashers::start(1, 1).unwrap());
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let hashers = Arc::clone(&hashers);
            calls.spawn(async move { hashers.verify(secret("password"), None).await });
        }
        let answers = calls.join_all().await;
        assert!(answers.iter().any(Result::is_ok));
        let busy = |answer: &&Result<_, _>| matches!(answer, Err(PasswordFault::Busy));
        let shed = answers.iter().filter(busy).count();
        assert!(shed > 0);
        assert_eq!(hashers.load.shed(), shed as u64);
        assert_eq!(hashers.load.waiting(), 0);
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_a_fault_not_a_fit() {
        let hashers = Hashers::start(1, 1).unwrap();
        let answer = hashers.verify(secret("password"), Some(secret("plain"))).await;
        assert!(matches!(answer, Err(PasswordFault::Failed(_))));
    }

    #[test]
    fn the_library_by_itself_agrees_and_takes_older_parameters_too() {
        let mut bench = Bench::default();
        let ours = bench.hash(&secret("a password")).unwrap();
        let judge = Argon2::default();
        assert!(judge.verify_password(b"a password", ours.expose().as_str()).is_ok());
        assert!(judge.verify_password(b"another one", ours.expose().as_str()).is_err());
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let cheap = secret(&cheap.hash_password(b"a password").unwrap().to_string());
        assert_eq!(bench.verify(&secret("a password"), Some(&cheap)).unwrap(), Fit::Outdated);
        assert_eq!(bench.verify(&secret("another one"), Some(&cheap)).unwrap(), Fit::Wrong);
    }
}
