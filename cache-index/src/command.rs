//! Commands as data: one packed buffer with argument offsets, where it goes and whether it may be repeated.

use std::fmt;
use std::time::Duration;

/// Where in a cluster a command must go. A single server ignores it.
///
/// ```
/// use cache_index::{Command, Route};
///
/// assert_eq!(Command::new("JSON.GET").key("cache:user:1").route(), &Route::Key(1));
/// assert_eq!(Command::new("FT.SEARCH").arg("cache:user:idx").route(), &Route::AnyNode);
/// let size = Command::new("DBSIZE").routed(Route::AllMasters);
/// assert_eq!(size.route(), &Route::AllMasters);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// To the node that owns the slot of the key at this argument position (0 is the command's name).
    Key(usize),
    /// To the node that owns the slot of this key, which is no argument: for commands that have to meet on one node, as those of
    /// a cursor, which only the node knows that made it.
    SlotOf(Vec<u8>),
    /// To any node: the server itself coordinates, or the answer is the same everywhere.
    AnyNode,
    /// To every master, one answer each: for a command that is about no key, in a call of its own.
    ///
    /// On a cluster a command with a [key](Command::has_key) is refused before it is sent, since all masters but one would, and so is
    /// a batch that has such a command, since each answer of a batch is one. A key that was given as an [argument](Command::arg) is
    /// known to the servers alone: those that have not its slot answer `MOVED`, which is the error when the deadline is over.
    AllMasters,
    /// To the one node with this address (`host:port`). For a key whose slot is elsewhere that is the error `MOVED`: it is not followed.
    Node(String),
}

/// A Redis command: its arguments in one buffer, its [`Route`], its deadline and whether it may be repeated.
///
/// ```
/// use cache_index::{Command, Route};
///
/// let get = Command::new("JSON.GET").key("cache:user:1").repeatable();
/// assert_eq!(get.args().collect::<Vec<_>>(), [&b"JSON.GET"[..], b"cache:user:1"]);
/// assert_eq!(get.route(), &Route::Key(1));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    buffer: Vec<u8>,
    ends: Vec<usize>,
    route: Route,
    keyed: bool,
    repeatable: bool,
    timeout: Option<Duration>,
}

impl Command {
    /// A command with this name and no arguments, for any node, not repeatable, with the connection's deadline.
    pub fn new(name: &str) -> Self {
        Self::with_capacity(name, 8, 128)
    }

    /// As [`new`](Command::new), with room for so many arguments, the name among them, of so many bytes together.
    pub fn with_capacity(name: &str, arguments: usize, bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(bytes.max(name.len()));
        buffer.extend_from_slice(name.as_bytes());
        let mut ends = Vec::with_capacity(arguments.max(1));
        ends.push(buffer.len());
        Self { buffer, ends, route: Route::AnyNode, keyed: false, repeatable: false, timeout: None }
    }

    /// Appends an argument.
    pub fn arg(mut self, value: impl AsRef<[u8]>) -> Self {
        self.push(value.as_ref());
        self
    }

    /// Appends each of the arguments.
    pub fn args_from<T: AsRef<[u8]>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        for value in values {
            self.push(value.as_ref());
        }
        self
    }

    /// Appends an argument as its `Display` writes it, without an allocation of its own.
    pub fn arg_display(self, value: impl fmt::Display) -> Self {
        self.arg_with(|buffer| {
            use std::io::Write;
            // Writing into a vector cannot fail; a `Display` that fails leaves what it wrote.
            let _ = write!(buffer, "{value}");
        })
    }

    /// Appends an argument that the closure writes at the end of the buffer.
    pub fn arg_with(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        write(&mut self.buffer);
        self.ends.push(self.buffer.len());
        self
    }

    /// Appends an argument that the closure writes at the end of the buffer, unless it fails.
    ///
    /// # Errors
    /// The closure's error; the command is lost with it.
    pub fn try_arg_with<E>(mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Self, E> {
        write(&mut self.buffer)?;
        self.ends.push(self.buffer.len());
        Ok(self)
    }

    /// Appends a key; the first one decides the route.
    pub fn key(self, key: impl AsRef<[u8]>) -> Self {
        self.key_with(|buffer| buffer.extend_from_slice(key.as_ref()))
    }

    /// Appends a key that the closure writes at the end of the buffer; the first one decides the route.
    pub fn key_with(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        if self.route == Route::AnyNode {
            self.route = Route::Key(self.ends.len());
        }
        self.keyed = true;
        self.arg_with(write)
    }

    /// Marks the command as one that may be sent again when it is not known whether it was executed.
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Sends the command elsewhere than its first key says.
    pub fn routed(mut self, route: Route) -> Self {
        self.keyed |= matches!(route, Route::Key(_));
        self.route = route;
        self
    }

    /// Gives the command a deadline of its own instead of the connection's.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The command's name, the first argument.
    pub fn name(&self) -> &str {
        let end = self.ends.first().copied().unwrap_or_default();
        self.buffer.get(..end).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or("?")
    }

    /// All arguments, the name first.
    pub fn args(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let argument = self.buffer.get(start..end).unwrap_or_default();
            start = end;
            argument
        })
    }

    /// The bytes of all arguments together, for sizing buffers.
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// Where the command goes in a cluster.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The argument that decides the slot, if a key among them does.
    pub fn route_key(&self) -> Option<&[u8]> {
        match self.route {
            Route::Key(position) => self.args().nth(position),
            _ => None,
        }
    }

    /// The key that decides the slot, an argument or not, if one does.
    ///
    /// ```
    /// use cache_index::{Command, Route};
    ///
    /// assert_eq!(Command::new("GET").key("a").slot_key(), Some(&b"a"[..]));
    /// let read = Command::new("FT.CURSOR").arg("READ").arg("idx").arg("7").routed(Route::SlotOf(b"a".to_vec()));
    /// assert_eq!((read.slot_key(), read.route_key()), (Some(&b"a"[..]), None));
    /// ```
    pub fn slot_key(&self) -> Option<&[u8]> {
        match &self.route {
            Route::SlotOf(key) => Some(key),
            _ => self.route_key(),
        }
    }

    /// Whether an argument is known to be a key: by [`key`](Command::key), or by the [route](Command::routed) to one.
    ///
    /// ```
    /// use cache_index::{Command, Route};
    ///
    /// let everywhere = |command: Command| command.routed(Route::AllMasters);
    /// assert!(!everywhere(Command::new("DBSIZE")).has_key());
    /// assert!(everywhere(Command::new("GET").key("cache:user:1")).has_key());
    /// ```
    pub fn has_key(&self) -> bool {
        self.keyed
    }

    /// Whether the command may be sent again when it is not known whether it was executed.
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// The command's own deadline; `None`: the connection's.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn push(&mut self, value: &[u8]) {
        self.buffer.extend_from_slice(value);
        self.ends.push(self.buffer.len());
    }
}

/// Shows the name, the number of arguments and their size: values may be personal data or secrets.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({}, {} arguments, {} bytes)", self.name(), self.ends.len() - 1, self.size())
    }
}

/// Commands that travel together: one pipeline, or one `MULTI`/`EXEC` when atomic.
///
/// ```
/// use cache_index::{Batch, Command};
///
/// let batch = Batch::atomic(vec![
///     Command::new("JSON.DEL").key("cache:user:1").repeatable(),
///     Command::new("INCR").key("cache:~user:deleted"),
/// ]);
/// assert!(batch.is_atomic());
/// assert!(!batch.is_repeatable(), "who deleted would be counted twice");
/// ```
#[derive(Debug, Clone)]
pub struct Batch {
    commands: Vec<Command>,
    atomic: bool,
}

impl Batch {
    /// A pipeline: one round trip, each command on its own.
    pub fn pipeline(commands: Vec<Command>) -> Self {
        Self { commands, atomic: false }
    }

    /// A transaction: one round trip, executed without anything in between. In a cluster all keys share a slot.
    pub fn atomic(commands: Vec<Command>) -> Self {
        Self { commands, atomic: true }
    }

    /// The commands, in order.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// Whether the commands are one transaction.
    pub fn is_atomic(&self) -> bool {
        self.atomic
    }

    /// Whether every command may be repeated.
    pub fn is_repeatable(&self) -> bool {
        self.commands.iter().all(Command::is_repeatable)
    }

    /// The longest deadline that one of the commands has of its own; `None`: the connection's.
    pub fn timeout(&self) -> Option<Duration> {
        self.commands.iter().filter_map(Command::timeout).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_back_as_they_were_put_in() {
        let command = Command::new("SET")
            .key(b"k\0\xff")
            .arg("")
            .arg_display(42)
            .arg_with(|buffer| buffer.extend_from_slice(b"tail"));
        let args: Vec<_> = command.args().collect();
        assert_eq!(args, [&b"SET"[..], b"k\0\xff", b"", b"42", b"tail"]);
        assert_eq!(command.route_key(), Some(&b"k\0\xff"[..]));
        assert_eq!(command.name(), "SET");
    }

    #[test]
    fn the_first_key_routes() {
        let command = Command::new("JSON.MGET").key("a").key("b").arg("$");
        assert_eq!(command.route(), &Route::Key(1));
        assert_eq!(Command::new("PING").route(), &Route::AnyNode);
        let everywhere = Command::new("SCRIPT").routed(Route::AllMasters).key("k");
        assert_eq!(everywhere.route(), &Route::AllMasters);
    }

    #[test]
    fn a_key_is_known_as_one_wherever_the_command_goes() {
        let name = || Command::new("GET");
        let keyed =
            [name().key("k"), name().arg("k").routed(Route::Key(1)), name().routed(Route::AnyNode).key("k")];
        for command in keyed {
            assert!(command.has_key() && command.routed(Route::AllMasters).has_key());
        }
        assert!(!name().arg("k").routed(Route::AllMasters).has_key());
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Command::new("AUTH").arg("secret"));
        assert_eq!(shown, "Command(AUTH, 1 arguments, 10 bytes)");
    }

    #[test]
    fn a_batch_repeats_only_if_all_do_and_waits_for_the_slowest() {
        let get = Command::new("GET").key("k").repeatable().within(Duration::from_secs(2));
        let set = Command::new("SET").key("k").arg("v");
        assert!(Batch::pipeline(vec![get.clone()]).is_repeatable());
        let both = Batch::atomic(vec![get, set]);
        assert!(!both.is_repeatable());
        assert_eq!(both.timeout(), Some(Duration::from_secs(2)));
    }
}
