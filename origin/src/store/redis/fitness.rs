//! Whether a server keeps what it is told, by what its INFO says: CONFIG is often forbidden.

use redis::InfoDict;

use super::address::Address;
use crate::config::Redis;

/// Why a server cannot be relied on. Each says what is set, what must be and what sets it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// Older than the scripts need.
    #[error("redis.url: Redis {0} is too old; run 7.0 or newer")]
    Old(String),
    /// It serves some of the keys, as long as the Cluster likes.
    #[error(
        "redis.url leads to one node of a Cluster, which may not serve our keys; write \
         redis-cluster://host:port,host:port in place of redis://"
    )]
    Node,
    /// It drops entries when memory is short.
    #[error(
        "redis.url: maxmemory-policy is {0:?} there, so Redis would drop revocations when memory \
         is short; it must be noeviction: `redis-cli CONFIG SET maxmemory-policy noeviction`, on \
         every node, and `CONFIG REWRITE` to keep it so"
    )]
    Evicts(String),
    /// It forgets all when it restarts.
    #[error(
        "redis.require_aof: appendonly is off at redis.url, so a restart would forget revocations; \
         it must be on: `redis-cli CONFIG SET appendonly yes`, on every node, and `CONFIG REWRITE` \
         to keep it so; or set redis.require_aof = false where that may happen"
    )]
    Forgets,
    /// There are too few replicas for any revocation to be confirmed.
    #[error(
        "redis.wait_replicas is {wanted}, but the primary at redis.url has {found} replicas in \
         sync; connect more (`redis-cli REPLICAOF host port`, on each) or lower the number"
    )]
    Replicas {
        /// How many must confirm.
        wanted: u8,
        /// How many could.
        found: usize,
    },
}

/// Checks a primary.
pub(super) fn check(info: &InfoDict, address: &Address, config: &Redis) -> Result<(), Unfit> {
    let text = |key: &str| info.get::<String>(key).unwrap_or_default();
    // Before 7.0 a script's error hides that the server is a replica or out of memory.
    let version = text("redis_version");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 7) {
        return Err(Unfit::Old(version));
    }
    if text("cluster_enabled") == "1" && matches!(address, Address::Single(_)) {
        return Err(Unfit::Node);
    }
    let policy = text("maxmemory_policy");
    if policy != "noeviction" {
        return Err(Unfit::Evicts(policy));
    }
    if config.require_aof && text("aof_enabled") != "1" {
        return Err(Unfit::Forgets);
    }
    let found = replicas(info);
    if found < usize::from(config.wait_replicas) {
        return Err(Unfit::Replicas { wanted: config.wait_replicas, found });
    }
    Ok(())
}

/// How many replicas are in sync.
pub(super) fn replicas(info: &InfoDict) -> usize {
    let in_sync = |replica: &u16| {
        let told: String = info.get(&format!("slave{replica}")).unwrap_or_default();
        told.split(',').any(|field| field == "state=online")
    };
    (0..info.get("connected_slaves").unwrap_or(0)).filter(in_sync).count()
}

#[cfg(test)]
mod tests;
