//! A mail server, by SMTP (RFC 5321).

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::config::{Encryption, Smtp};
use crate::port::{Letter, MailFault, Mailer};

/// How long the server gets for each of its answers.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long one try gets in all.
const WHOLE: Duration = Duration::from_mins(1);

/// Connections at a time, and how long an idle one is kept.
const CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);

/// Hands letters to a server.
pub(crate) struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Does not connect yet: a mail server that is away keeps nobody from signing in.
    ///
    /// # Errors
    /// When the server's name cannot be that of a certificate.
    pub(crate) fn new(server: &Smtp, from: Mailbox) -> Result<Self, String> {
        let host = &server.host;
        let parameters =
            || TlsParameters::new(host.clone()).map_err(|error| format!("mail.smtp: {error}"));
        let tls = match server.encryption {
            Encryption::Tls => Tls::Wrapper(parameters()?),
            Encryption::StartTls => Tls::Required(parameters()?),
            Encryption::None => Tls::None,
        };
        let pool = PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            .pool_config(pool);
        if let Some((user, password)) = &server.credentials {
            builder =
                builder.credentials(Credentials::new(user.clone(), password.expose().clone()));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Connects and says hello, encrypted and with the password where there is one; no letter is sent.
    ///
    /// # Errors
    /// When nobody answers, or not as to somebody who may send.
    pub(crate) async fn greet(&self) -> Result<(), MailFault> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailFault::Later(String::from("it hangs up after the greeting"))),
            Err(error) => Err(fault(&error)),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailFault> {
        // The library's words may quote the address, which has no place in a log.
        let refused = |what: &str| MailFault::Refused(String::from(what));
        let to: Address = letter.to.parse().map_err(|_| refused("no address for SMTP"))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .date_now()
            .message_id(None)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.expose().clone())
            .map_err(|_| refused("it cannot be written as a message"))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailFault> {
        let message = self.message(letter)?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(MailFault::Later(format!("no answer in {} s", WHOLE.as_secs()))),
        }
    }
}

/// The server's own words may repeat the address: of a reply its code alone is told.
fn fault(error: &Error) -> MailFault {
    match error.status() {
        Some(code) if error.is_permanent() => MailFault::Refused(format!("it answered {code}")),
        Some(code) => MailFault::Later(format!("it answered {code}")),
        None => MailFault::Later(crate::telemetry::chain(error)),
    }
}
