//! Hosts: what stands in `Host` and `X-Forwarded-Host`, in the one form in which they are compared.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;

/// The longest name, in the form that DNS has it (RFC 1035, section 2.3.4, without the last dot).
const LONGEST: usize = 253;

/// The longest text that is looked at at all: a list of some proxies' hosts.
const LONGEST_TEXT: usize = 8 * 1024;

/// A host in the one form in which hosts are compared: the first of a list, without blanks around it, port and last dot, in
/// lower case, names in the ASCII form of IDNA (UTS 46), addresses of IPv6 in brackets and in their shortest form.
///
/// ```
/// use cache_core::tenant::Host;
///
/// # fn main() -> Result<(), cache_core::tenant::HostError> {
/// assert_eq!(Host::read("Bücher.Example.:8443, proxy.internal")?.as_str(), "xn--bcher-kva.example");
/// assert_eq!(Host::read("[2001:DB8:0::1]:443")?.as_str(), "[2001:db8::1]");
/// assert!(Host::read("user@shop.example").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

/// Why a text is no host. It does not repeat the text, which may come from anybody.
///
/// ```
/// use cache_core::tenant::{Host, HostError};
///
/// assert_eq!(Host::read("shop.example:99999"), Err(HostError::Port));
/// assert_eq!(Host::read("shop.example/cart"), Err(HostError::Malformed));
/// assert_eq!(HostError::Empty.to_string(), "the host is empty"); // an answer 400
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// There is nothing.
    #[error("the host is empty")]
    Empty,
    /// It is longer than a name of DNS, or a part of it is.
    #[error("the host, or a part of it, is longer than DNS takes: 253 bytes, 63 a part")]
    TooLong,
    /// It has a character that no host has.
    #[error("the host has characters, or a form, that no host has")]
    Malformed,
    /// What stands behind the colon is no port.
    #[error("the port is no number up to 65535")]
    Port,
}

impl Host {
    /// Reads what a header holds, whatever that is.
    ///
    /// `X-Forwarded-Host` is what whoever sends the request likes it to be: read it only from proxies that you know to set it,
    /// and else `Host`.
    ///
    /// # Errors
    /// Why it is no host.
    pub fn read(header: impl AsRef<[u8]>) -> Result<Self, HostError> {
        let text = header.as_ref();
        let first = text.split(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
        if first.is_empty() {
            return Err(HostError::Empty);
        }
        if first.len() > LONGEST_TEXT {
            return Err(HostError::TooLong);
        }
        if let Some(address) = bare_address(first) {
            return Ok(Self(format!("[{address}]")));
        }
        let (name, port) = match first.strip_prefix(b"[") {
            Some(inside) => {
                let end = inside.iter().position(|byte| *byte == b']').ok_or(HostError::Malformed)?;
                let (address, rest) = inside.split_at_checked(end).ok_or(HostError::Malformed)?;
                let address = bare_address(address).ok_or(HostError::Malformed)?;
                (format!("[{address}]"), rest.get(1..).unwrap_or_default())
            }
            None => {
                let end = first.iter().position(|byte| *byte == b':').unwrap_or(first.len());
                let (name, rest) = first.split_at_checked(end).ok_or(HostError::Malformed)?;
                (name_of(name)?, rest)
            }
        };
        check_port(port)?;
        Ok(Self(name))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address of IPv6 without brackets.
fn bare_address(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn check_port(rest: &[u8]) -> Result<(), HostError> {
    match rest {
        [] => Ok(()),
        // RFC 3986 allows a colon without a number.
        [b':'] => Ok(()),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            let port = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u16>().ok());
            port.map(drop).ok_or(HostError::Port)
        }
        [b':', ..] => Err(HostError::Port),
        _ => Err(HostError::Malformed),
    }
}

fn name_of(name: &[u8]) -> Result<String, HostError> {
    // The deny list of the URL standard: blanks, control characters, and what has a meaning in URLs.
    let ascii =
        idna::domain_to_ascii_cow(name, AsciiDenyList::URL).map_err(|_| HostError::Malformed)?.into_owned();
    // IDNA makes dots of other full stops.
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    if ascii.is_empty() {
        return Err(HostError::Empty);
    }
    if ascii.len() > LONGEST || ascii.split('.').any(|label| label.len() > 63) {
        return Err(HostError::TooLong);
    }
    if ascii.split('.').any(str::is_empty) || ascii.contains(['*', ',']) {
        return Err(HostError::Malformed);
    }
    let last = ascii.rsplit('.').next().unwrap_or_default();
    // What ends in a number is an address or nothing (URL standard, "ends in a number").
    let hexadecimal =
        last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return match ascii.parse::<Ipv4Addr>() {
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err(HostError::Malformed),
        };
    }
    Ok(ascii.to_owned())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Host {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

/// A host as it is listed for a tenant: a host, or `*.` and a name, for every host that ends in that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Listed {
    Exact(Host),
    /// The name behind `*.`.
    Below(Host),
}

impl Listed {
    pub(super) fn read(text: &str) -> Result<Self, HostError> {
        match text.trim().strip_prefix("*.") {
            Some(name) => match Host::read(name)? {
                host if host.0.starts_with('[') || host.0.parse::<Ipv4Addr>().is_ok() => {
                    Err(HostError::Malformed)
                }
                host => Ok(Self::Below(host)),
            },
            None if text.contains(',') => Err(HostError::Malformed),
            None => Host::read(text).map(Self::Exact),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => host.fmt(f),
            Self::Below(host) => write!(f, "*.{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, HostError> {
        Host::read(text).map(String::from)
    }

    #[test]
    fn a_host_has_one_form() {
        for (text, host) in [
            ("Shop.Example", "shop.example"),
            (" shop.example:8080 ", "shop.example"),
            ("shop.example:", "shop.example"),
            ("shop.example.", "shop.example"),
            ("shop.example.:443", "shop.example"),
            ("first.example, second.example", "first.example"),
            ("first.example:1,second.example", "first.example"),
            ("B\u{fc}cher.example", "xn--bcher-kva.example"),
            ("xn--BCHER-kva.example", "xn--bcher-kva.example"),
            ("shop\u{3002}example", "shop.example"),
            ("my_host.internal", "my_host.internal"),
            ("localhost:80", "localhost"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("::1", "[::1]"),
            ("[::1]", "[::1]"),
            ("[2001:DB8:0:0::1]:443", "[2001:db8::1]"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(host), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = vec!["a".repeat(60); 5].join(".");
        for (text, error) in [
            ("", HostError::Empty),
            (" ,shop.example", HostError::Empty),
            (".", HostError::Empty),
            (":80", HostError::Empty),
            ("a..b", HostError::Malformed),
            (".a", HostError::Malformed),
            ("a b", HostError::Malformed),
            ("user@shop.example", HostError::Malformed),
            ("shop.example/path", HostError::Malformed),
            ("*.example", HostError::Malformed),
            ("[::1", HostError::Malformed),
            ("[::1]x", HostError::Malformed),
            ("[shop.example]", HostError::Malformed),
            ("[fe80::1%eth0]", HostError::Malformed),
            ("a\u{0}b", HostError::Malformed),
            ("1.2.3", HostError::Malformed),
            ("1.2.3.256", HostError::Malformed),
            ("1.2.3.0x1", HostError::Malformed),
            ("xn--\u{fc}", HostError::Malformed),
            ("shop.example:65536", HostError::Port),
            ("shop.example:-1", HostError::Port),
            ("shop.example:80:80", HostError::Port),
            (&long, HostError::TooLong),
            (&longer, HostError::TooLong),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        assert_eq!(Host::read(b"\xff\xfe"), Err(HostError::Malformed));
        assert_eq!(Host::read(vec![b'a'; 100_000]), Err(HostError::TooLong));
    }

    #[test]
    fn a_pattern_is_a_name() {
        assert_eq!(Listed::read("*.Shop.example.").unwrap().to_string(), "*.shop.example");
        assert_eq!(Listed::read(" shop.example ").unwrap().to_string(), "shop.example");
        for text in
            ["*.", "*", "*.*.a", "a.*", "*.127.0.0.1", "*.[::1]", "a.example, b.example", "*a.example"]
        {
            assert!(Listed::read(text).is_err(), "{text}");
        }
    }

    /// Bytes that look like hosts more often than chance would have it.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<Vec<u8>>(),
            "[a-zA-Z0-9._:,@\\[\\]%*/ -]{0,20}".prop_map(String::into_bytes),
            any::<String>().prop_map(String::into_bytes),
            Just(b"xn--".to_vec()),
        ];
        proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn whatever_it_is_it_is_a_host_or_none(bytes in bytes()) {
            if let Ok(host) = Host::read(&bytes) {
                prop_assert_eq!(Host::read(host.as_str()), Ok(host.clone()));
                prop_assert!(host.as_str().is_ascii() && host.as_str().len() <= LONGEST);
                prop_assert!(!host.as_str().bytes().any(|byte| byte.is_ascii_control() || byte.is_ascii_uppercase()));
            }
            if let Ok(text) = std::str::from_utf8(&bytes)
                && let Ok(listed) = Listed::read(text)
            {
                prop_assert_eq!(Listed::read(&listed.to_string()), Ok(listed));
            }
        }
    }
}
