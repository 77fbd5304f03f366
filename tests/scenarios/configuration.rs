//! What is configured wrongly stops the start, with the place, the key and what was expected; a
//! policy that is wrong lets nobody in.

use std::process::Command;
use std::time::{Duration, Instant};

use e2e::wrangler::second_edge;
use e2e::{Outcome, World, world};
use serde_json::json;
use xtask::stack::{self, Options};

pub(crate) async fn tell(world: &mut World) -> Outcome {
    the_origin(world)?;
    a_setting_of_the_stack(world)?;
    the_edge(world).await
}

fn the_origin(world: &World) -> Outcome {
    let folder = world.stack.state().join("misconfigured");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("portcullis.toml");
    for (text, words) in [
        ("[tokens]\naccess_tll = \"10m\"", "access_tll"),
        ("[tokens]\naccess_ttl = \"2h\"", "tokens.access_ttl"),
        ("[tokens]\naccess_ttl = \"soon\"", "tokens.access_ttl"),
        ("[tokens]\naudience = \"\"", "tokens.audience"),
        ("[tokens]\nissuer = \"\"", "tokens.issuer"),
        ("[sessions]\ngrace = \"1h\"", "sessions.grace"),
        ("[server]\nlisten = \"everywhere\"", "server.listen"),
        ("[nothing]\nx = 1", "nothing"),
        ("[edge]\nsecret = \"short\"", "edge.secret"),
        ("[tokens", "portcullis.toml"),
    ] {
        std::fs::write(&file, text)?;
        let output = Command::new(world::origin_program()?)
            .args(["serve", "--config"])
            .arg(&file)
            .current_dir(&folder)
            .output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}: {complaint}");
        assert!(complaint.contains(words), "{text}: {complaint}");
        assert!(complaint.contains("portcullis.toml"), "{text}: {complaint}");
        assert!(!complaint.contains("panicked"), "{text}: {complaint}");
        // OPS-01: what was meant to be secret is not repeated.
        assert!(!complaint.contains("\"short\""), "{complaint}");
    }
    Ok(())
}

/// `cargo xtask dev --set`: the origin's words first, then which argument that was.
fn a_setting_of_the_stack(world: &World) -> Outcome {
    let folder = stack::private_folder(&world.stack.state().join("missettled"))?;
    let mut options = Options::new(folder.clone());
    for key in ["tokens.access_ttl", "tokens.acess_ttl"] {
        options.settings = vec![(key.into(), "2h".into())];
        let error = stack::anchor_key(world::origin_program()?, &folder, &options);
        let said = error.err().ok_or("it was taken")?.to_string();
        let variable = key.to_uppercase().replace('.', "__");
        let first = format!("the origin cannot start: variable PORTCULLIS__{variable}: ");
        assert!(said.starts_with(&first), "{said}");
        assert!(said.ends_with(&format!("(that is `--set {key}=…`)")), "{said}");
    }
    Ok(())
}

async fn the_edge(world: &World) -> Outcome {
    let twice = json!({"rules": [
        {"path": "/x", "require": "public"}, {"path": "/x", "require": "signed-in"}]});
    let edge = second_edge(world.stack.state(), &[("POLICY", twice)])?;
    edge.first_answer("/", "none").await?.refused(500, "misconfigured")?;
    let client = edge.client()?;
    for path in ["/", "/public/x", "/x", "/orders", "/auth/login"] {
        client.get_plain(path).await?.refused(500, "misconfigured")?;
    }
    // What a Worker prints comes by way of wrangler, a little later.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let log = edge.printed()?;
        if log.contains("POLICY: rules[0] (/x) and rules[1] (/x)") {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "the log does not say what is wrong: {log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
