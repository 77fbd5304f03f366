//! What is kept of sessions that ended, and what is not.

use super::*;

#[tokio::test]
async fn a_session_that_gives_way_to_a_newer_one_is_over_and_in_the_trail() {
    for (setting, most) in
        [(("PORTCULLIS__SESSIONS__MOST", "2"), 2), (("PORTCULLIS__SESSIONS__POLICY", "one"), 1)]
    {
        let origin = Origin::with(&[setting]).await;
        let (first, admin) = origin.with_admin().await;
        let mut newer = Vec::new();
        for _ in 0..most {
            newer.push(origin.sign_in("user@example.com").await);
        }
        origin.refresh(&first).await.expect(401, "refresh_revoked");
        let me = origin.get("/auth/me", &[("authorization", &first.bearer())]).await;
        me.expect(401, "token_revoked");
        for session in &newer {
            assert_eq!(origin.refresh(session).await.status, StatusCode::OK);
        }
        let query = format!("?kind=session-superseded&subject={}", id(&first));
        assert_eq!(origin.kept(&admin, &query).await, ["session-superseded"]);
        let path = format!("/auth/admin/audit{query}");
        let event = origin.as_admin(&admin, "GET", &path, None).await.json()["events"][0].clone();
        assert_eq!(event["session"], first.json()["session_id"], "{event}");
    }
}
