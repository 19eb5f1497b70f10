//! Sentinels, and where they say that the master is.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use cache_index::{Command, Reply, ServerErrorKind};
use tokio::task::JoinSet;

use super::failure::Failure;
use super::opener::{At, Opener};
use super::wire::Packed;

/// The sentinels that watch a master.
pub(super) struct Sentinels {
    addresses: Vec<(String, u16)>,
    /// The name under which they do.
    master: String,
    opener: Arc<Opener>,
}

/// Where a master is.
pub(super) type Address = (String, u16);

impl Sentinels {
    pub(super) fn new(addresses: Vec<Address>, master: String, opener: Opener) -> Self {
        Self { addresses, master, opener: Arc::new(opener) }
    }

    /// Asks all of them side by side, each for so long: where the master is, the address first that most of them name. As soon
    /// as more than half of them name one, it is the only one.
    pub(super) async fn ask(&self, within: Duration) -> Result<Vec<Address>, Failure> {
        let mut asked = JoinSet::new();
        for (host, port) in self.addresses.iter().cloned() {
            let (opener, master) = (Arc::clone(&self.opener), self.master.clone());
            asked.spawn(async move {
                let answer = tokio::time::timeout(within, one(&opener, &host, port, &master)).await;
                answer.unwrap_or_else(|_| Err(Failure::late()))
            });
        }
        let mut votes = Votes { of: self.addresses.len(), ..Votes::default() };
        while let Some(answer) = asked.join_next().await {
            let answer = answer.unwrap_or_else(|error| Err(io::Error::other(error).into()));
            if let Some(elected) = votes.count(answer) {
                return Ok(vec![elected]);
            }
        }
        votes.outcome(&self.master)
    }
}

/// What sentinels said, of so many.
#[derive(Default)]
struct Votes {
    of: usize,
    named: HashMap<Address, usize>,
    /// How many know no such master.
    unknown: usize,
    refused: Option<Failure>,
    silent: Option<Failure>,
}

impl Votes {
    /// Counts an answer; the address that more than half name by now.
    fn count(&mut self, answer: Result<Option<Address>, Failure>) -> Option<Address> {
        match answer {
            Ok(Some(address)) => {
                let votes = self.named.entry(address.clone()).or_default();
                *votes += 1;
                return (*votes * 2 > self.of).then_some(address);
            }
            Ok(None) => self.unknown += 1,
            Err(failure) if failure.is_broken() => self.silent = Some(failure),
            Err(failure) => self.refused = Some(failure),
        }
        None
    }

    fn outcome(self, master: &str) -> Result<Vec<Address>, Failure> {
        let mut named: Vec<_> = self.named.into_iter().collect();
        if !named.is_empty() {
            named
                .sort_unstable_by(|(one, fewer), (other, more)| more.cmp(fewer).then_with(|| one.cmp(other)));
            return Ok(named.into_iter().map(|(address, _)| address).collect());
        }
        if self.unknown * 2 > self.of {
            let text = format!(
                "the sentinels know no master `{master}`; write the name that their `sentinel monitor` gives it"
            );
            return Err(Failure::Settings(text));
        }
        // One that refuses the user goes on doing so.
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        let reason = match self.silent {
            Some(failure) => format!("no sentinel says where `{master}` is: {failure}"),
            None => format!("no sentinel knows where `{master}` is"),
        };
        Err(Failure::Unreachable(reason))
    }
}

/// Asks one of them; `None`: it knows no such master.
async fn one(opener: &Opener, host: &str, port: u16, master: &str) -> Result<Option<Address>, Failure> {
    let opened = opener.open(At::Tcp(host, port), None, ()).await?;
    let question = Command::new("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(master);
    match opened.wire.send(Packed::of([&question], false), opener.connect_timeout).await? {
        Reply::Nil => return Ok(None),
        Reply::Array(parts) => {
            let mut parts = parts.iter().filter_map(Reply::as_str);
            if let (Some(host), Some(Ok(port))) = (parts.next(), parts.next().map(str::parse)) {
                return Ok(Some((host.to_owned(), port)));
            }
        }
        // Any other error of the server is about the user.
        Reply::Error(error) if error.kind() != ServerErrorKind::UnknownCommand => {
            return Err(Failure::Refused("SENTINEL", error));
        }
        _ => {}
    }
    Err(Failure::Settings("what answers there is no sentinel".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> Result<Option<Address>, Failure> {
        Ok(Some(("h".to_owned(), port)))
    }

    fn silent() -> Result<Option<Address>, Failure> {
        Err(io::Error::from(io::ErrorKind::ConnectionRefused).into())
    }

    #[test]
    fn more_than_half_decide_at_once_and_fewer_are_heard_in_order() {
        let of = |of| Votes { of, ..Votes::default() };
        let mut votes = of(3);
        assert_eq!((votes.count(at(1)), votes.count(at(2))), (None, None));
        assert_eq!(votes.count(at(2)), Some(("h".to_owned(), 2)));
        let mut votes = of(5);
        for answer in [at(1), at(2), silent(), at(2), Ok(None)] {
            assert_eq!(votes.count(answer), None);
        }
        assert_eq!(votes.outcome("m").unwrap(), [("h".to_owned(), 2), ("h".to_owned(), 1)]);
    }

    #[test]
    fn why_nobody_says_it_is_told() {
        let outcome = |answers: Vec<_>| {
            let mut votes = Votes { of: 3, ..Votes::default() };
            for answer in answers {
                assert_eq!(votes.count(answer), None);
            }
            votes.outcome("m").unwrap_err().into_error("GET", Duration::ZERO)
        };
        let error = outcome(vec![Ok(None), Ok(None), silent()]);
        assert!(matches!(&error, crate::Error::Settings { .. }), "{error}");
        assert!(error.to_string().contains("no master `m`"), "{error}");
        let error = outcome(vec![Ok(None), silent(), silent()]);
        assert!(error.is_unavailable() && error.to_string().contains("where `m` is"), "{error}");
        let refused = || Err(Failure::Refused("AUTH", crate::connection::server_error("WRONGPASS no")));
        let error = outcome(vec![Ok(None), refused(), silent()]);
        assert!(matches!(&error, crate::Error::Server { .. }), "{error}");
    }
}
