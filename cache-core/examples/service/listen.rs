//! One port for several processes: each has a socket on it, and the system hands every connection to one of them.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be accepted by a process.
const BACKLOG: u32 = 1024;

/// A port that nobody else can take, kept while processes that listen on it come and go.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) address: SocketAddr,
    _socket: TcpSocket,
}

/// Reserves a port, without listening on it.
pub(crate) fn reserve(address: SocketAddr) -> io::Result<Reserved> {
    // Sockets that share a port share it with any process of the user: this one shares it with nobody, not even with another
    // copy of the service.
    let alone = std::net::TcpListener::bind(address)?;
    let address = alone.local_addr()?;
    drop(alone);
    Ok(Reserved { address, _socket: socket(address)? })
}

/// Listens on a port that was reserved.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    socket(address)?.listen(BACKLOG)
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}
