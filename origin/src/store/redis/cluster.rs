//! A real Redis Cluster of three primaries for tests.

use std::sync::{Arc, PoisonError, Weak};

use redis::cmd;

use super::keys::Key;
use super::server::{Server, eventually, free_port};

/// Its slots in three parts.
const SLOTS: [(u16, u16); 3] = [(0, 5_460), (5_461, 10_922), (10_923, 16_383)];

pub(super) struct Cluster {
    pub(super) nodes: Vec<Arc<Server>>,
}

impl Cluster {
    /// The one that is running, or a new one.
    pub(super) fn shared() -> Arc<Self> {
        static SHARED: std::sync::Mutex<Weak<Cluster>> = std::sync::Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    /// One of its own, for a test that ill-treats it.
    pub(super) fn start() -> Self {
        let nodes: Vec<_> = SLOTS.iter().map(|_| node()).collect();
        for ((node, _), (first, last)) in nodes.iter().zip(SLOTS) {
            node.run::<()>(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(first).arg(last));
        }
        let (first, _) = &nodes[0];
        for (node, bus) in &nodes[1..] {
            let meet =
                cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(node.port()).arg(*bus).take();
            first.run::<()>(&meet);
        }
        let nodes: Vec<_> = nodes.into_iter().map(|(node, _)| node).collect();
        for node in &nodes {
            node.await_info("cluster_state:ok");
            node.await_info("cluster_known_nodes:3");
        }
        Self { nodes }
    }

    /// Its URL, by all nodes: one serves our slot, the others say which.
    pub(super) fn url(&self) -> String {
        let hosts = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
        format!("redis-cluster://{}", hosts.collect::<Vec<_>>().join(","))
    }

    /// The node that serves our slot.
    pub(super) fn owner(&self) -> Arc<Server> {
        let slot: u16 = self.nodes[0].run(cmd("CLUSTER").arg("KEYSLOT").arg(Key::Epoch));
        let part = SLOTS.iter().position(|(first, last)| (*first..=*last).contains(&slot));
        self.nodes[part.unwrap()].clone()
    }

    /// A replica of one of the nodes, in sync.
    pub(super) fn replica_of(&self, primary: &Server) -> Arc<Server> {
        let id: String = primary.run(cmd("CLUSTER").arg("MYID"));
        let (replica, bus) = node();
        let meet = cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(replica.port()).arg(bus).take();
        primary.run::<()>(&meet);
        for node in self.nodes.iter().chain([&replica]) {
            node.await_info("cluster_known_nodes:4");
        }
        replica.await_info("cluster_state:ok");
        replica.run::<()>(cmd("CLUSTER").arg("REPLICATE").arg(&id));
        replica.await_info("master_link_status:up");
        // Those who do not know it yet would not vote for it.
        let question = cmd("CLUSTER").arg("REPLICAS").arg(id).take();
        for node in &self.nodes {
            eventually("a replica", || node.run::<Vec<String>>(&question).len() == 1);
        }
        replica
    }

    /// Empties it.
    pub(super) fn flush(&self) {
        for node in &self.nodes {
            node.run::<()>(cmd("FLUSHALL").arg("SYNC"));
        }
    }
}

/// A node, not yet of any cluster, and the port of its bus.
fn node() -> (Arc<Server>, u16) {
    let bus = free_port();
    let server = Server::start_with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "1000",
        "--cluster-port",
        &bus.to_string(),
        "--databases",
        "1",
    ]);
    (server, bus)
}
