//! argon2id on threads of its own. A hash takes 19 MiB and some 30 ms: as many threads as may hash
//! at once bound both the memory and the load, and a thread is busy until its hash is done whether
//! or not the client is still there.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use common::Secret;
use tokio::sync::oneshot;

use crate::port::{PasswordFault, Passwords};

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
        answer: oneshot::Sender<Result<bool, Error>>,
    },
}

/// The hashing threads.
pub(crate) struct Hashers {
    jobs: SyncSender<Job>,
}

impl Hashers {
    /// Starts `threads` threads before which `queue` callers may wait. They end with the last
    /// handle.
    pub(crate) fn start(threads: usize, queue: usize) -> io::Result<Self> {
        let (jobs, line) = sync_channel(queue);
        let line = Arc::new(Mutex::new(line));
        for number in 0..threads {
            let line = Arc::clone(&line);
            thread::Builder::new().name(format!("argon2-{number}")).spawn(move || work(&line))?;
        }
        Ok(Self { jobs })
    }

    async fn ask<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, Error>>,
    ) -> Result<T, PasswordFault> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PasswordFault::Busy,
            TrySendError::Disconnected(_) => PasswordFault::Failed(String::from("no threads")),
        })?;
        tokio::time::timeout(PATIENCE, answer)
            .await
            .map_err(|_| PasswordFault::Busy)?
            .map_err(|_| PasswordFault::Failed(String::from("the thread ended")))?
            .map_err(|error| PasswordFault::Failed(error.to_string()))
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
    ) -> Result<bool, PasswordFault> {
        let (answer, receiver) = oneshot::channel();
        self.ask(Job::Verify { password, hash, answer }, receiver).await
    }
}

fn work(line: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting for a job, never while doing one.
        let job = line.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Nobody listens to an answer whose caller has given up: the work is spared. That the
        // answer cannot be delivered afterwards is of no consequence either.
        match job {
            Job::Hash { password, answer } if !answer.is_closed() => {
                answer.send(hash(&password)).ok();
            }
            Job::Verify { password, hash, answer } if !answer.is_closed() => {
                answer.send(verify(&password, hash.as_ref())).ok();
            }
            Job::Hash { .. } | Job::Verify { .. } => {}
        }
    }
}

/// The parameters that OWASP gives for argon2id first: 19 MiB, two passes, one lane.
fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| Error::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Secret<String>) -> Result<Secret<String>, Error> {
    let hash = argon2()?.hash_password(password.expose().as_bytes())?;
    Ok(Secret::new(hash.to_string()))
}

fn verify(password: &Secret<String>, hash: Option<&Secret<String>>) -> Result<bool, Error> {
    let known = PasswordHash::new(hash.map_or(NOBODY, |hash| hash.expose().as_str()))
        .map_err(|_| Error::EncodingInvalid)?;
    match argon2()?.verify_password(password.expose().as_bytes(), &known) {
        Ok(()) => Ok(hash.is_some()),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
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
        assert!(hashers.verify(secret(&long), Some(hash.clone())).await.unwrap());
        assert!(!hashers.verify(secret(&long[1..]), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn pwd_01_nobody_has_no_password_and_costs_the_same_work() {
        let hashers = Hashers::start(1, 4).unwrap();
        assert!(!hashers.verify(secret("password"), None).await.unwrap());
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = hash(&secret("x")).unwrap();
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
        assert!(answers.iter().any(|answer| matches!(answer, Err(PasswordFault::Busy))));
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_a_fault_not_a_fit() {
        let hashers = Hashers::start(1, 1).unwrap();
        let answer = hashers.verify(secret("password"), Some(secret("plain"))).await;
        assert!(matches!(answer, Err(PasswordFault::Failed(_))));
    }
}
