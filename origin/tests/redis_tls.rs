//! Redis behind TLS, with a certificate that the system trusts or does not.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Ended when dropped.
struct Redis(Child);

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Redis that speaks TLS alone, and would forget all when it restarts.
fn forgetful_redis(folder: &Path, port: u16) -> Redis {
    let child = Command::new("redis-server")
        .args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--tls-cert-file", "server.pem", "--tls-key-file", "server.key"])
        .args(["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no", "--save", ""])
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed (`sudo apt-get install redis-server`)");
    let redis = Redis(child);
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "redis-server does not answer");
        sleep(Duration::from_millis(10));
    }
    redis
}

/// An authority, and a certificate of it for localhost.
fn certificates(folder: &Path) {
    let openssl = |line: &str| {
        let output = Command::new("openssl")
            .args(line.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl is installed (`sudo apt-get install openssl`)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("{new} -x509 -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"));
    openssl(&format!("{new} -subj /CN=localhost -keyout server.key -out server.csr"));
    let names = "subjectAltName=DNS:localhost";
    std::fs::write(folder.join("names"), names).expect("the folder is ours");
    openssl(
        "x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
         -extfile names -out server.pem",
    );
}

#[test]
fn a_redis_behind_tls_is_reached_when_its_certificate_is_trusted_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _redis = forgetful_redis(folder.path(), port);
    for (host, authority, expected) in [
        // Far enough to be asked how it is set up: the connection is good.
        ("localhost", "ca.pem", "appendonly is off"),
        ("127.0.0.1", "ca.pem", "certificate"),
        ("localhost", "server.csr", "certificate"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_origin"))
            .arg("serve")
            .current_dir(folder.path())
            .env_clear()
            .env("SSL_CERT_FILE", folder.path().join(authority))
            .env("PORTCULLIS__REDIS__URL", format!("rediss://{host}:{port}"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{said}");
        assert!(said.contains(expected), "{host} {authority}: {said}");
    }
}
