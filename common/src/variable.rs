//! The names of the Worker's variables, for the edge that reads them and for tools that set them. What
//! each means is in docs/configuration.md.

use core::fmt;

/// One of them. There are no others: what is not here, the edge cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable(&'static str);

impl Variable {
    /// As `wrangler.toml` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! variables {
    ($($name:ident)+) => {
        $(
            #[doc = concat!("`", stringify!($name), "`.")]
            pub const $name: Variable = Variable(stringify!($name));
        )+

        /// All of them.
        pub const ALL: &[Variable] = &[$($name),+];
    };
}

variables! {
    ISSUER AUDIENCE ORIGIN_URL APP_URL UPSTREAMS ANCHOR_KEY POLICY ISSUERS REALM REPORT LOG
    EDGE_SECRET ASSERTION_KEY FRESH_SECONDS STALE_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_documented() {
        let documentation = include_str!("../../docs/configuration.md");
        for variable in ALL {
            assert!(documentation.contains(&format!("\n| `{variable}` |")), "{variable}");
        }
    }
}
