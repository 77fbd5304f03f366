//! Which roles an account may have: they travel in each access token, in a cookie and in a header.

/// Why roles cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRoles {
    /// One of them.
    #[error("a role is 1 to 64 characters of visible ASCII without comma")]
    Word,
    /// All of them: an access token has to fit into a cookie of 4096 bytes.
    #[error("the roles of an account have at most 1024 characters together")]
    Long,
}

/// Judges the roles of an account.
pub(crate) fn check_roles(roles: &[String]) -> Result<(), InvalidRoles> {
    let is_word = |role: &String| {
        (1..=64).contains(&role.len())
            && role.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
    };
    if !roles.iter().all(is_word) {
        return Err(InvalidRoles::Word);
    }
    // Quotes and comma around each of them in the token.
    let length: usize = roles.iter().map(|role| role.len() + 3).sum();
    if length <= 1024 { Ok(()) } else { Err(InvalidRoles::Long) }
}
