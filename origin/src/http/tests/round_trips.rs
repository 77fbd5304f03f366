//! How often a request asks Redis.

use redis::{Client, InfoDict, cmd};
use serde_json::json;

use super::Origin;
use crate::store::redis::server::Server;

const ROTATIONS: u64 = 50;

#[tokio::test]
async fn a_rotation_is_exactly_one_round_trip() {
    let redis = Server::start();
    let url = redis.fresh_database();
    let origin = Origin::with(&[("PORTCULLIS__REDIS__URL", &url)]).await;
    let mut token = origin.sign_in("ada@example.com").await.member("refresh_token");
    let mut line = Client::open(url).unwrap().get_connection().unwrap();
    // How often Redis has read from any connection; asking for it is once.
    let mut reads = || {
        let stats: InfoDict = cmd("INFO").arg("STATS").query(&mut line).unwrap();
        stats.get::<u64>("total_reads_processed").unwrap()
    };

    let mut asked = 0;
    // The first rotation brings the script along.
    for rotation in 0..=ROTATIONS {
        let answer = origin.post("/auth/refresh", json!({ "refresh_token": token }), &[]).await;
        token = answer.member("refresh_token");
        if rotation == 0 {
            asked = reads();
        }
    }
    assert_eq!(reads() - asked, ROTATIONS + 1);
}
