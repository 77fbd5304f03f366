//! From text to values (RFC 8259).

use super::{Json, Object};

/// How deep objects and lists may lie in each other. Our own tokens need three.
const MAX_DEPTH: usize = 16;
/// How many members an object may have. Each new name is held against those before it.
const MAX_MEMBERS: usize = 256;

/// How long a number may be, and how many digits its exponent may have: what other parsers take for
/// infinite, or refuse, is refused.
const MAX_NUMBER: usize = 40;
const MAX_EXPONENT: usize = 2;

/// A text is no JSON, or not of the strict kind that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct InvalidJson {
    problem: &'static str,
    at: usize,
}

type Read<T> = Result<T, &'static str>;

pub(super) fn parse(text: &str) -> Result<Json, InvalidJson> {
    let mut reader = Reader { rest: text };
    let read = reader.value(0).and_then(|value| {
        reader.space();
        if reader.rest.is_empty() { Ok(value) } else { Err("more than one value") }
    });
    read.map_err(|problem| InvalidJson { problem, at: text.len() - reader.rest.len() })
}

/// What of a text is not read yet.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Read<Json> {
        self.space();
        match self.rest.as_bytes().first() {
            Some(b'{') => self.object(depth).map(Json::Object),
            Some(b'[') => self.list(depth).map(Json::List),
            Some(b'"') => self.text().map(Json::Text),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err("expected a value"),
        }
    }

    fn object(&mut self, depth: usize) -> Read<Object> {
        let mut members: Vec<(String, Json)> = Vec::new();
        self.begin(depth)?;
        let mut more = !self.eat(b'}');
        while more {
            self.space();
            let name = self.text()?;
            if name.chars().any(char::is_control) {
                return Err("control character in a name");
            }
            if members.iter().any(|(other, _)| *other == name) {
                return Err("a name twice");
            }
            if members.len() >= MAX_MEMBERS {
                return Err("too many members");
            }
            self.space();
            self.expect(b':')?;
            members.push((name, self.value(depth + 1)?));
            more = self.goes_on(b'}')?;
        }
        Ok(Object(members))
    }

    fn list(&mut self, depth: usize) -> Read<Vec<Json>> {
        let mut list = Vec::new();
        self.begin(depth)?;
        let mut more = !self.eat(b']');
        while more {
            list.push(self.value(depth + 1)?);
            more = self.goes_on(b']')?;
        }
        Ok(list)
    }

    /// Behind the bracket that begins an object or a list.
    fn begin(&mut self, depth: usize) -> Read<()> {
        if depth >= MAX_DEPTH {
            return Err("too deep");
        }
        self.skip(1);
        self.space();
        Ok(())
    }

    /// Whether another item follows the one just read, or this bracket ends them.
    fn goes_on(&mut self, end: u8) -> Read<bool> {
        self.space();
        if self.eat(end) {
            return Ok(false);
        }
        self.expect(b',').map(|()| true)
    }

    fn word(&mut self, word: &str, value: Json) -> Read<Json> {
        self.expect_all(word).map(|()| value)
    }

    /// RFC 8259 §6.
    fn number(&mut self) -> Read<Json> {
        let from = self.rest;
        self.eat(b'-');
        // No zero before other digits.
        let whole_is_good = self.eat(b'0') || self.digits();
        let fraction_is_good = !self.eat(b'.') || self.digits();
        let mut exponent_at = self.rest;
        let exponent_is_good = !(self.eat(b'e') || self.eat(b'E')) || {
            let _sign = self.eat(b'+') || self.eat(b'-');
            exponent_at = self.rest;
            self.digits()
        };
        if !(whole_is_good && fraction_is_good && exponent_is_good) {
            return Err("expected a digit");
        }
        let exponent = exponent_at.len() - self.rest.len();
        let text = from.get(..from.len() - self.rest.len()).unwrap_or_default();
        if exponent > MAX_EXPONENT || text.len() > MAX_NUMBER {
            return Err("too large a number");
        }
        Ok(Json::Number(text.parse().ok()))
    }

    fn digits(&mut self) -> bool {
        self.run(|byte| byte.is_ascii_digit()).is_some_and(|digits| !digits.is_empty())
    }

    /// RFC 8259 §7.
    fn text(&mut self) -> Read<String> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            let plain = |byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
            text.push_str(self.run(plain).unwrap_or_default());
            if self.eat(b'"') {
                return Ok(text);
            }
            self.expect(b'\\')?;
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Read<char> {
        let named = self.rest.as_bytes().first().copied().unwrap_or_default();
        let meant = match named {
            b'"' | b'\\' | b'/' => char::from(named),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err("no such escape"),
        };
        self.skip(1);
        Ok(meant)
    }

    /// One unit of UTF-16, or two that belong together.
    fn unicode(&mut self) -> Read<char> {
        let first = self.unit("u")?;
        let second = if (0xd800..0xdc00).contains(&first) { Some(self.unit("\\u")?) } else { None };
        let units = [first].into_iter().chain(second);
        let decoded = char::decode_utf16(units).next();
        decoded.and_then(Result::ok).ok_or("half a character")
    }

    fn unit(&mut self, prefix: &str) -> Read<u16> {
        self.expect_all(prefix)?;
        let digits = self.rest.get(..4).filter(|four| four.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        self.skip(4);
        unit.ok_or("expected four hexadecimal digits")
    }

    fn space(&mut self) {
        self.run(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Takes all bytes of a kind, up to the next one that is a character of its own.
    fn run(&mut self, of: impl Fn(u8) -> bool) -> Option<&'a str> {
        let bytes = self.rest.as_bytes();
        let length = bytes.iter().position(|byte| !of(*byte)).unwrap_or(bytes.len());
        let (run, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(run)
    }

    /// Takes this character, if it is the next one.
    fn eat(&mut self, character: u8) -> bool {
        let is_next = self.rest.as_bytes().first() == Some(&character);
        if is_next {
            self.skip(1);
        }
        is_next
    }

    fn expect(&mut self, character: u8) -> Read<()> {
        if self.eat(character) { Ok(()) } else { Err("expected another character") }
    }

    fn expect_all(&mut self, text: &str) -> Read<()> {
        text.bytes().try_for_each(|character| self.expect(character))
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}
