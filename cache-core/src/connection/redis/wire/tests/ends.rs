//! What is kept of those who gave up, and why a connection ends.

use tokio::io::AsyncRead;
use tokio::net::{TcpListener, TcpStream};

use super::*;

const CLIENTS: &str = "max number of clients reached";

/// Gives up as soon as it was asked.
async fn gives_up(wire: &Wire, packed: Packed) {
    let mut asked = std::pin::pin!(wire.send(packed, PATIENCE));
    let once = std::future::poll_fn(|context| std::task::Poll::Ready(asked.as_mut().poll(context)));
    assert!(once.await.is_pending());
}

/// Until what is kept of those who gave up is this.
async fn until_given_up(wire: &Wire, count: usize) {
    while wire.given_up() != count {
        tokio::task::yield_now().await;
    }
}

fn message(failure: Failure) -> String {
    failure.into_error("GET", Duration::ZERO).to_string()
}

#[tokio::test]
async fn who_gave_up_counts_until_he_is_answered() {
    let (wire, mut theirs) = started(PATIENCE);
    for _ in 0..3 {
        let call =
            async { tokio::time::timeout(Duration::from_millis(5), wire.send(packed("A"), PATIENCE)).await };
        assert!(call.await.is_err());
    }
    read(&mut theirs, 33).await;
    assert_eq!(wire.given_up(), 3);
    theirs.write_all(b":1\r\n:2\r\n").await.unwrap();
    until_given_up(&wire, 1).await;
    let server = async {
        read(&mut theirs, 11).await;
        theirs.write_all(b":3\r\n:4\r\n").await.unwrap();
    };
    let (answer, ()) = tokio::join!(wire.send(packed("B"), PATIENCE), server);
    assert_eq!((answer.unwrap(), wire.given_up()), (Reply::Int(4), 0));
}

#[tokio::test]
async fn who_gave_up_unsent_counts_until_he_is_thrown_away() {
    let (wire, mut theirs) = started(PATIENCE);
    let large = Command::new("L").arg(vec![b'x'; driver::FULL]);
    let size = Packed::of([&large], false).bytes.len();
    let large = wire.send(Packed::of([&large], false), PATIENCE);
    let others = async {
        tokio::task::yield_now().await;
        for _ in 0..100 {
            gives_up(&wire, packed("B")).await;
        }
        assert_eq!(wire.given_up(), 100);
        read(&mut theirs, size).await;
        theirs.write_all(b":1\r\n").await.unwrap();
    };
    let (large, ()) = tokio::join!(large, others);
    assert_eq!(large.unwrap(), Reply::Int(1));
    until_given_up(&wire, 0).await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_counts_no_more() {
    let (wire, mut theirs) = started(PATIENCE);
    {
        let mut asked = std::pin::pin!(wire.send(packed("A"), PATIENCE));
        std::future::poll_fn(|context| {
            assert!(asked.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        read(&mut theirs, 11).await;
        theirs.write_all(b":1\r\n").await.unwrap();
        // It is told, and not looked at.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(wire.given_up(), 0);
}

#[tokio::test]
async fn a_server_that_answers_early_and_reads_no_more_is_left() {
    let (ours, mut theirs) = duplex(1024);
    let (kept, ended) = tokio::sync::oneshot::channel::<()>();
    let wire = Wire::start(ours, Arc::new(Heard::new()), PATIENCE, None, kept);
    let large = Command::new("L").arg(vec![b'x'; 2 * driver::FULL]);
    theirs.write_all(b"-ERR Protocol error: invalid bulk length\r\n").await.unwrap();
    let answer = wire.send(Packed::of([&large], false), PATIENCE).await.unwrap();
    assert!(matches!(answer, Reply::Error(_)), "{answer:?}");
    drop(wire);
    // Without a word of the other end, which is still there.
    assert!(tokio::time::timeout(Duration::from_secs(5), ended).await.expect("it ends").is_err());
    drop(theirs);
}

/// A server that says this to whoever connects, behind so many bytes that it reads, and ends the connection.
async fn refuses(said: &'static str, reads: usize) -> (TcpStream, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; reads];
        stream.read_exact(&mut read).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
    });
    (TcpStream::connect(at).await.unwrap(), server)
}

fn begun(stream: impl AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) -> Wire {
    Wire::start(stream, Arc::new(Heard::new()), PATIENCE, None, ())
}

fn hello() -> Packed {
    Packed::of(&[Command::new("C"), Command::new("D")], false)
}

#[tokio::test]
async fn what_a_server_says_that_takes_no_client_is_the_reason() {
    // In place of an answer.
    let (stream, server) = refuses("-ERR max number of clients reached\r\n", 22).await;
    let wire = begun(stream);
    let failure = wire.begin(hello(), PATIENCE).await.unwrap_err();
    assert!(failure.is_broken(), "another attempt may be taken");
    let told = message(failure.at_first());
    assert!(told.contains(CLIENTS) && told.contains("maxclients"), "{told}");
    server.await.unwrap();
    // Before anybody asked: whoever asks later hears it too.
    let (stream, server) = refuses("-ERR max number of clients reached\r\n", 0).await;
    let wire = begun(stream);
    server.await.unwrap();
    while wire.state.ended.get().is_none() {
        tokio::task::yield_now().await;
    }
    for _ in 0..2 {
        let told = message(wire.begin(hello(), PATIENCE).await.unwrap_err());
        assert!(told.contains(CLIENTS) && told.contains("maxclients"), "{told}");
    }
    assert!(message(wire.send(packed("A"), PATIENCE).await.unwrap_err()).contains(CLIENTS));
}

#[tokio::test]
async fn a_refusal_among_answers_is_no_reason() {
    let (stream, server) = refuses("+OK\r\n-ERR unknown command\r\n", 33).await;
    let wire = begun(stream);
    let three = [Command::new("C"), Command::new("D"), Command::new("E")];
    let failure = wire.begin(Packed::of(&three, false), PATIENCE).await.unwrap_err();
    assert!(!message(failure).contains("unknown command"));
    server.await.unwrap();
}

/// Takes no bytes, and has something to read.
struct Shut(&'static [u8]);

impl AsyncRead for Shut {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        buffer.put_slice(std::mem::take(&mut self.0));
        std::task::Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncWrite for Shut {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::task::Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn what_came_is_read_also_if_nothing_can_be_written() {
    let wire = begun(Shut(b"-ERR max number of clients reached\r\n"));
    let told = message(wire.begin(hello(), PATIENCE).await.unwrap_err());
    assert!(told.contains(CLIENTS), "{told}");
}
