//! Where Redis is, as `redis.url` says it: one server, Sentinels, or nodes of a Cluster.

use redis::{ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};

/// Where Redis is.
pub(super) enum Address {
    /// At this node, always.
    Single(ConnectionInfo),
    /// At the node that Sentinels know by a name.
    Sentinel {
        /// The Sentinels, without credentials.
        sentinels: Vec<ConnectionInfo>,
        /// What they call the primary.
        name: String,
        /// Credentials and database at the primary.
        settings: RedisConnectionInfo,
    },
    /// At the node of a Cluster that serves our keys' slot.
    Cluster {
        /// Some of its nodes.
        seeds: Vec<ConnectionInfo>,
    },
}

impl Address {
    /// What a URL can be. Told in place of the client's own words, which may repeat a password.
    pub(super) const EXPECTED: &str = "redis://[user:password@]host[:6379][/database] (rediss:// \
        for TLS), redis-sentinel://[user:password@]host:26379,host:26379/primary-name[/database] \
        or redis-cluster://[user:password@]host:7000,host:7001, special characters of user and \
        password percent-encoded";

    /// Reads a URL, strictly: a part that would be ignored is a mistake.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        if rest.contains(['?', '#']) {
            return None;
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let at_host = authority.rfind('@').map_or(0, |at| at + 1);
        let (user, hosts) = authority.split_at_checked(at_host)?;
        match scheme {
            "redis" | "rediss" => node(scheme, authority, path).map(Self::Single),
            "redis-sentinel" => {
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                let sentinels = nodes("", hosts)?;
                let settings = node("redis", &format!("{user}host"), database)?;
                let settings = settings.redis_settings().clone();
                let name = is_sentinel_name(name).then(|| name.to_owned())?;
                Some(Self::Sentinel { sentinels, name, settings })
            }
            // A Cluster has one database.
            "redis-cluster" if path.is_empty() => {
                nodes(user, hosts).map(|seeds| Self::Cluster { seeds })
            }
            _ => None,
        }
    }
}

/// The nodes of a list, each with its port: Sentinels, Cluster nodes and plain servers have
/// different customs.
fn nodes(user: &str, hosts: &str) -> Option<Vec<ConnectionInfo>> {
    let one = |host: &str| {
        let (_, port) = host.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        node("redis", &format!("{user}{host}"), "")
    };
    hosts.split(',').map(one).collect()
}

fn node(scheme: &str, authority: &str, database: &str) -> Option<ConnectionInfo> {
    if !database.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{scheme}://{authority}/{database}").into_connection_info().ok()
}

/// What Sentinel takes as a name in its own configuration.
fn is_sentinel_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(node: &ConnectionInfo) -> String {
        let settings = node.redis_settings();
        let user = settings.username().unwrap_or("-");
        format!("{} {user} {} {}", node.addr(), settings.password().unwrap_or("-"), settings.db())
    }

    #[test]
    fn each_form_says_where_as_whom_and_which_database() {
        for (url, expected) in [
            ("redis://127.0.0.1", &["127.0.0.1:6379 - - 0"][..]),
            ("redis://host:1/", &["host:1 - - 0"]),
            ("redis://u:p%40%2F%3F@[::1]:1/7", &["::1:1 u p@/? 7"]),
            ("rediss://:p@host", &["host:6379 - p 0"]),
            ("redis-cluster://u:p@a:1,b:2", &["a:1 u p 0", "b:2 u p 0"]),
            ("redis-cluster://a:1/", &["a:1 - - 0"]),
            (
                "redis-sentinel://u:p@a:1,b:2/my-main.1/3",
                &["a:1 - - 0", "b:2 - - 0", "my-main.1 u p 3"],
            ),
            ("redis-sentinel://a:1/main", &["a:1 - - 0", "main - - 0"]),
        ] {
            let found: Vec<String> = match Address::parse(url).expect(url) {
                Address::Single(node) => vec![told(&node)],
                Address::Cluster { seeds } => seeds.iter().map(told).collect(),
                Address::Sentinel { sentinels, name, settings } => {
                    let primary = sentinels[0].clone().set_redis_settings(settings);
                    let told_primary = told(&primary).replacen("a:1", &name, 1);
                    sentinels.iter().map(told).chain([told_primary]).collect()
                }
            };
            assert_eq!(found, expected, "{url}");
        }
    }
}
