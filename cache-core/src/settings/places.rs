//! Where a URL says that servers are: at one address, at several, or where sentinels say.

use super::RedisSettings;

/// A URL of servers that have addresses, taken apart: `scheme://user@host:port,host:port/path?query`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places<'a> {
    scheme: &'a str,
    /// The user and the password, as far as there are; nothing that is shown.
    user: &'a str,
    hosts: &'a str,
    /// What comes behind, from `/` or `?` on.
    tail: &'a str,
}

impl<'a> Places<'a> {
    /// `None`: it is no URL, or a path.
    pub(crate) fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        if !matches!(scheme, "redis" | "rediss" | "valkey" | "valkeys" | "redis+sentinel" | "rediss+sentinel")
        {
            return None;
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        Some(Self { scheme, user, hosts, tail })
    }

    /// Whether it asks for TLS.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.scheme, "rediss" | "valkeys" | "rediss+sentinel")
    }

    /// Whether the addresses are those of sentinels.
    pub(crate) fn is_sentinel(&self) -> bool {
        self.scheme.ends_with("+sentinel")
    }

    /// Whether there is more than one address, of nodes of a cluster.
    #[cfg(any(feature = "fred", feature = "redis", test))]
    pub(crate) fn is_several(&self) -> bool {
        !self.is_sentinel() && self.hosts.contains(',')
    }

    /// The addresses, as they are written.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &'a str> {
        self.hosts.split(',')
    }

    /// Hosts and ports.
    #[cfg(any(feature = "redis", test))]
    pub(crate) fn addresses(&self) -> Vec<(String, u16)> {
        // Where sentinels and servers listen that say nothing else.
        let usual = if self.is_sentinel() { 26_379 } else { 6_379 };
        self.hosts().filter_map(|host| address(host, usual)).collect()
    }

    /// The name under which sentinels know the master; `None`: there is none that sentinels take.
    pub(crate) fn master(&self) -> Option<&'a str> {
        let name = self.tail.strip_prefix('/')?.split(['/', '?']).next()?;
        is_master(name).then_some(name)
    }

    /// The URL of one server with this address, without TLS, for a client that is handed a stream that has it. Of sentinels'
    /// path the master's name is left out: what follows it is the database.
    #[cfg(any(feature = "redis", test))]
    pub(crate) fn plain(&self, host: &str) -> String {
        let at = if self.user.is_empty() { "" } else { "@" };
        let tail = match self.tail.strip_prefix('/') {
            Some(path) if self.is_sentinel() => path.find(['/', '?']).map_or("", |end| path.split_at(end).1),
            _ => self.tail,
        };
        format!("redis://{}{at}{host}{tail}", self.user)
    }
}

/// Whether `sentinel.conf` allows this name: letters, digits and three other characters.
fn is_master(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.is_empty() && name.bytes().all(allowed)
}

/// Host and port; `None`: there is no host, or the port is no number up to 65535, and the whole may be a password.
pub(super) fn address(text: &str, usual: u16) -> Option<(String, u16)> {
    // An IPv6 address has colons of its own, in brackets.
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, "")) => (host, ""),
        Some((host, behind)) => (host, behind.strip_prefix(':')?),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { usual } else { port.parse().ok()? };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

impl RedisSettings {
    /// Settings for a cluster by several of its nodes, `redis://host:port` each: it is found through whichever answers. They
    /// differ in nothing but host and port. The same as a URL: `redis://[user][:password@]host:port,host:port`.
    ///
    /// A single server, also one with replicas, has one address, and is refused with more: its
    /// [sentinels](RedisSettings::sentinel) know where it is.
    ///
    /// ```
    /// use cache_core::RedisSettings;
    ///
    /// let settings = RedisSettings::nodes(["redis://a:7000", "redis://b:7000"]);
    /// assert_eq!(settings, RedisSettings::new("redis://a:7000,b:7000"));
    /// ```
    #[doc(alias = "startup_nodes")]
    #[doc(alias = "cluster")]
    pub fn nodes<N: AsRef<str>>(nodes: impl IntoIterator<Item = N>) -> Self {
        let mut nodes = nodes.into_iter();
        let first = nodes.next().map(|first| first.as_ref().to_owned()).unwrap_or_default();
        let Some(of) = Places::of(&first) else { return Self::new(first) };
        let mut url = format!("{}://{}", of.scheme, of.user);
        if !of.user.is_empty() {
            url.push('@');
        }
        url.push_str(of.hosts);
        for node in nodes {
            url.push(',');
            // One that differs in more has no host, which is refused with the first connection.
            let alike =
                |other: &Places<'_>| (other.scheme, other.user, other.tail) == (of.scheme, of.user, of.tail);
            url.push_str(Places::of(node.as_ref()).filter(alike).map_or("", |other| other.hosts));
        }
        url.push_str(of.tail);
        Self::new(url)
    }

    /// Settings for the server that is the master now, whichever it is: sentinels say where, `redis://host:port` each, by the
    /// name under which they watch it. The same as a URL:
    /// `redis+sentinel://[user][:password@]host:port,host:port/name[/db]`, whose user is that of the server, as are
    /// [`username`](RedisSettings::username) and [`password`](RedisSettings::password). A sentinel without a port listens on 26379.
    ///
    /// They are asked, side by side, whenever a connection is made: after a failover the servers break theirs, and the next one
    /// goes to the new master. What says of itself that it is a replica is not used, and they are asked again, for as long
    /// as the [time to connect](RedisSettings::connect_timeout) allows. With `rediss://` (`rediss+sentinel://…`) both the sentinels
    /// and the servers have TLS.
    ///
    /// Replication is asynchronous: what the old master acknowledged last may be lost. A master that is cut off from its
    /// sentinels and not from this process goes on taking writes, which are lost: let it have `min-replicas-to-write`.
    ///
    /// ```no_run
    /// use cache_core::{Cache, RedisSettings};
    ///
    /// # async fn example() -> cache_core::Result<()> {
    /// let sentinels = ["redis://s1:26379", "redis://s2:26379", "redis://s3:26379"];
    /// let cache = Cache::connect(RedisSettings::sentinel(sentinels, "mymaster")).await?;
    /// let same = Cache::connect("redis+sentinel://s1:26379,s2:26379,s3:26379/mymaster").await?;
    /// # let _ = (cache, same);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "sentinels")]
    pub fn sentinel<N: AsRef<str>>(sentinels: impl IntoIterator<Item = N>, master: &str) -> Self {
        let (mut hosts, mut scheme) = (Vec::new(), None);
        for sentinel in sentinels {
            let text = sentinel.as_ref();
            // One that has more than an address has no host, which is refused with the first connection.
            let of = Places::of(text).filter(|of| of.user.is_empty() && matches!(of.tail, "" | "/"));
            let of = of.filter(|of| *scheme.get_or_insert(of.is_tls()) == of.is_tls());
            hosts.push(of.map_or("", |of| of.hosts).to_owned());
        }
        let tls = if scheme == Some(true) { "s" } else { "" };
        // Left out, it is refused too; in a URL the end of another one may be read as a database.
        let master = if is_master(master) { master } else { "" };
        Self::new(format!("redis{tls}+sentinel://{}/{master}", hosts.join(",")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let of = Places::of("rediss+sentinel://ann:s@x@h:1,[::1]:2,i/my-master/3?protocol=resp2").unwrap();
        assert!(of.is_tls() && of.is_sentinel() && !of.is_several());
        assert_eq!(of.master(), Some("my-master"));
        let at = |host: &str, port| (host.to_owned(), port);
        assert_eq!(of.addresses(), [at("h", 1), at("::1", 2), at("i", 26_379)]);
        let of = Places::of("redis://h,i:7/0").unwrap();
        assert!(!of.is_tls() && !of.is_sentinel() && of.is_several());
        assert_eq!(of.addresses(), [at("h", 6_379), at("i", 7)]);
        assert!(!Places::of("redis://h:1").unwrap().is_several());
        assert_eq!(Places::of("redis+unix:///run/redis.sock"), None);
        for (url, master) in [("h/", None), ("h", None), ("h/a b", None), ("h/a?x", Some("a"))] {
            assert_eq!(Places::of(&format!("redis+sentinel://{url}")).unwrap().master(), master, "{url}");
        }
    }

    #[test]
    fn one_server_of_it_has_a_plain_url() {
        for (url, plain) in [
            ("redis://h:1,i:2/0?protocol=resp2", "redis://x:9/0?protocol=resp2"),
            ("rediss://ann:s@h", "redis://ann:s@x:9"),
            ("rediss+sentinel://ann:s@h,i/name/2?protocol=resp2", "redis://ann:s@x:9/2?protocol=resp2"),
            ("redis+sentinel://h/name?protocol=resp2", "redis://x:9?protocol=resp2"),
            ("redis+sentinel://h/name", "redis://x:9"),
        ] {
            assert_eq!(Places::of(url).unwrap().plain("x:9"), plain);
        }
    }

    #[test]
    fn what_makes_one_url_of_several_takes_what_is_alike() {
        let nodes = RedisSettings::nodes(["rediss://ann:s@h:1/0", "rediss://ann:s@i:2/0"]);
        assert_eq!(nodes, RedisSettings::new("rediss://ann:s@h:1,i:2/0"));
        let sentinels = RedisSettings::sentinel(["rediss://h:1", "rediss://i/"], "name");
        assert_eq!(sentinels, RedisSettings::new("rediss+sentinel://h:1,i/name"));
        for refused in [
            RedisSettings::nodes(["redis://h", "rediss://i"]),
            RedisSettings::nodes(["redis://h", "redis://ann@i"]),
            RedisSettings::nodes(["redis://h", "i:2"]),
            RedisSettings::nodes(["redis://h", "redis://i/1"]),
            RedisSettings::nodes([""; 0]),
            RedisSettings::sentinel(["redis://h", "rediss://i"], "name"),
            RedisSettings::sentinel(["redis://ann@h"], "name"),
            RedisSettings::sentinel(["h"], "name"),
            RedisSettings::sentinel([""; 0], "name"),
            RedisSettings::sentinel(["redis://h"], ""),
            RedisSettings::sentinel(["redis://h"], "a/b c"),
        ] {
            assert!(refused.check("url", "client_name").is_err(), "{refused:?}");
        }
    }
}
