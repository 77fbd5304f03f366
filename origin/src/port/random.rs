//! Randomness, as a port, in the forms in which it is used.

use common::{SessionId, TokenId, UnixMillis};
use uuid::Uuid;

/// Draws from the operating system's generator.
pub(crate) trait Random: Send + Sync {
    /// An id for whatever (`UUIDv4`).
    fn uuid(&self) -> Uuid;

    /// A token's id.
    fn token_id(&self) -> TokenId {
        TokenId::new(self.uuid())
    }

    /// The id of a session that begins `now` (`UUIDv7`).
    fn session_id(&self, now: UnixMillis) -> SessionId;

    /// A text that nobody guesses: 256 bits in base64url, 43 characters.
    fn opaque(&self) -> String;

    /// A number from 0 to `max`, inclusive, each as likely.
    fn up_to(&self, max: u16) -> u16;
}
