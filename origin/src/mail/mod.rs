//! Letters on their way: to a mail server, or into a folder. Which one is the configuration's choice.

mod folder;
mod smtp;

#[cfg(test)]
mod tests;

pub(crate) use folder::Folder;
pub(crate) use smtp::SmtpMailer;
