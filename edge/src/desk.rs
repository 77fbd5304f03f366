//! Where the main module and the gate hand each other what crosses the border most: requests in, plans out.
//! Both are read where they were written: none is copied for the border alone. What takes more goes by
//! `findOut`, which copies.

/// What is done with a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// What this plan says.
    Plan(String),
    /// It gets the answer that the main module keeps under this number.
    Again {
        /// The number.
        number: usize,
        /// Whether upkeep is due.
        upkeep: bool,
    },
}

/// The last request and the last plan.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    request: Vec<u8>,
    plan: String,
}

impl Desk {
    /// Makes room for a request of so many bytes, and says where.
    pub(crate) fn room_for(&mut self, bytes: usize) -> *mut u8 {
        if self.request.len() < bytes {
            self.request.resize(bytes, 0);
        }
        self.request.as_mut_ptr()
    }

    /// The request of this length.
    pub(crate) fn request(&self, length: usize) -> &[u8] {
        self.request.get(..length).unwrap_or_default()
    }

    /// Where the last plan stands.
    pub(crate) fn plan(&self) -> *const u8 {
        self.plan.as_ptr()
    }

    /// Puts a plan down and tells its length. An answer that is given again is told by a number below zero:
    /// its own twice, and one when upkeep is due, in the bits that a negative number turns round.
    pub(crate) fn hand_back(&mut self, reply: Option<Reply>) -> i32 {
        let told = match reply {
            None => Ok(0),
            Some(Reply::Plan(plan)) => {
                self.plan = plan;
                i32::try_from(self.plan.len())
            }
            Some(Reply::Again { number, upkeep }) => {
                i32::try_from(number << 1 | usize::from(upkeep)).map(|told| !told)
            }
        };
        // None is that long. Finding out begins anew, and answers by another way.
        told.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_length_that_was_said_and_no_more_than_there_is() {
        let mut desk = Desk::default();
        assert!(desk.request(1).is_empty());
        desk.room_for(4);
        desk.room_for(2);
        assert_eq!(
            (desk.request(3).len(), desk.request(4).len(), desk.request(5).len()),
            (3, 4, 0)
        );
    }

    #[test]
    fn what_is_handed_back_is_told_by_one_number() {
        let mut desk = Desk::default();
        let mut told = |reply| desk.hand_back(reply);
        assert_eq!(told(None), 0);
        assert_eq!(told(Some(Reply::Plan("forward".into()))), 7);
        for (number, upkeep) in [(0, false), (0, true), (3, false), (3, true)] {
            let told = told(Some(Reply::Again { number, upkeep }));
            assert!(told < 0);
            assert_eq!((!told >> 1, !told & 1 == 1), (i32::try_from(number).unwrap(), upkeep));
        }
        assert_eq!(desk.plan, "forward");
    }
}
