mod bounds;
mod ends;

use std::time::Duration;

use cache_index::Command;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::decode::{Decoder, Malformed, Message};
use super::*;
use crate::connection::redis::convert;

const PATIENCE: Duration = Duration::from_secs(10);

/// The value that this is.
pub(in crate::connection::redis) fn one(bytes: &str) -> Reply {
    match &decoded(bytes.as_bytes(), bytes.len()).unwrap()[..] {
        [Message::Answer(reply)] => reply.clone(),
        other => panic!("{other:?}"),
    }
}

/// What is read if so many bytes come at once.
fn decoded(bytes: &[u8], at_once: usize) -> Result<Vec<Message>, Malformed> {
    let (mut decoder, mut messages) = (Decoder::new(), Vec::new());
    for chunk in bytes.chunks(at_once.max(1)) {
        decoder.room().extend_from_slice(chunk);
        while let Some(message) = decoder.next()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

/// A value, as a server writes it.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let line = "[ -~äß]{0,12}";
    let text = |kind: char| {
        prop::collection::vec(any::<u8>(), 0..40).prop_map(move |bytes| {
            let mut written = format!("{kind}{}\r\n", bytes.len()).into_bytes();
            written.extend(bytes);
            written.extend(b"\r\n");
            written
        })
    };
    let leaf = prop_oneof![
        line.prop_map(|text| format!("+{text}\r\n").into_bytes()),
        "[A-Z]{1,9}( [a-z]{1,9}){1,3}".prop_map(|text| format!("-{text}\r\n").into_bytes()),
        any::<i64>().prop_map(|number| format!(":{number}\r\n").into_bytes()),
        any::<f64>().prop_map(|number| format!(",{number}\r\n").into_bytes()),
        any::<bool>().prop_map(|truth| format!("#{}\r\n", if truth { 't' } else { 'f' }).into_bytes()),
        Just(b"_\r\n".to_vec()),
        Just(b"$-1\r\n".to_vec()),
        Just(b"*-1\r\n".to_vec()),
        text('$'),
        "[a-zß]{0,20}".prop_map(|text| format!("=%LEN\r\ntxt:{text}\r\n")
            .replace("%LEN", &(text.len() + 4).to_string())
            .into_bytes()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let of = |kind: &'static str, times: usize, inner: BoxedStrategy<Vec<u8>>| {
            prop::collection::vec(inner, 0..6).prop_map(move |items| {
                let items = &items[..items.len() / times * times];
                let mut written = format!("{kind}{}\r\n", items.len() / times).into_bytes();
                written.extend(items.concat());
                written
            })
        };
        prop_oneof![
            of("*", 1, inner.clone().boxed()),
            of("~", 1, inner.clone().boxed()),
            of("%", 2, inner.boxed())
        ]
    })
}

proptest! {
    #[test]
    fn values_are_read_as_the_client_reads_them(values in prop::collection::vec(value(), 1..5), at_once in 1..64_usize) {
        let read = decoded(&values.concat(), at_once).unwrap();
        prop_assert_eq!(read.len(), values.len());
        for (value, read) in values.iter().zip(read) {
            let expected = convert::reply(::redis::parse_redis_value(value).unwrap());
            // A number that is none is not itself.
            prop_assert_eq!(format!("{read:?}"), format!("{:?}", Message::Answer(expected)));
        }
    }

    #[test]
    fn nonsense_is_refused_or_waited_for(bytes in prop::collection::vec(any::<u8>(), 0..200), at_once in 1..64_usize) {
        let _ = decoded(&bytes, at_once);
    }

    #[test]
    fn what_is_nearly_right_is_refused_or_waited_for(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut value = value;
        let at = at.index(value.len());
        value[at] = byte;
        let _ = decoded(&value, 7);
    }

    #[test]
    fn commands_are_written_as_the_client_writes_them(args in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..9)) {
        let command = Command::new("SET").args_from(&args);
        prop_assert_eq!(Packed::of([&command], false).bytes, convert::cmd(&command).get_packed_command());
        let commands = [&command, &command];
        let (packed, expected) = (Packed::of(commands, true), convert::pipeline(&commands, true));
        prop_assert_eq!(packed.bytes, expected.get_packed_pipeline());
        prop_assert_eq!(packed.answers, 4);
    }
}

#[test]
fn the_memory_of_a_long_answer_is_given_back() {
    let long = format!("${}\r\n{}\r\n:1\r\n:", 4 << 20, "x".repeat(4 << 20));
    let mut decoder = Decoder::new();
    decoder.room().extend_from_slice(long.as_bytes());
    let answers = [decoder.next().unwrap(), decoder.next().unwrap(), decoder.next().unwrap()];
    assert!(matches!(answers, [Some(_), Some(Message::Answer(Reply::Int(1))), None]));
    drop(answers);
    assert!(decoder.room().capacity() < 1 << 20);
    decoder.room().extend_from_slice(b"2\r\n");
    assert_eq!(decoder.next().unwrap(), Some(Message::Answer(Reply::Int(2))));
}

#[test]
fn what_nobody_asked_for_is_told_from_answers() {
    let read = decoded(b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n", 5).unwrap();
    let key = Reply::Array(vec![Reply::Bulk("k".into())]);
    assert_eq!(
        read,
        [Message::Push(vec![Reply::Bulk("invalidate".into()), key]), Message::Answer(Reply::Int(1))]
    );
}

#[test]
fn what_nobody_asked_for_is_never_an_answer() {
    for nonsense in ["|1\r\n+a\r\n+b\r\n>1\r\n+tick\r\n", "*1\r\n>1\r\n+tick\r\n"] {
        assert!(decoded(nonsense.as_bytes(), 64).is_err(), "{nonsense:?}");
    }
}

#[test]
fn what_is_said_of_a_value_is_left_out() {
    assert_eq!(
        one("|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n"),
        Reply::Array(vec![Reply::Int(1), Reply::Int(2)])
    );
    assert_eq!(one("(3492890328409238509324850943850943825024385\r\n").as_str().unwrap().len(), 43);
    assert!(matches!(one("!21\r\nSYNTAX invalid syntax\r\n"), Reply::Error(_)));
}

fn started(patience: Duration) -> (Wire, DuplexStream) {
    let (ours, theirs) = duplex(1024);
    (Wire::start(ours, Arc::new(Heard::new()), patience, None, ()), theirs)
}

fn packed(name: &str) -> Packed {
    Packed::of([&Command::new(name)], false)
}

async fn read(theirs: &mut DuplexStream, count: usize) -> String {
    let mut read = vec![0; count];
    theirs.read_exact(&mut read).await.unwrap();
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn each_has_its_own_answer_in_the_order_of_the_wire() {
    let (wire, mut theirs) = started(PATIENCE);
    let two = Packed::of(&[Command::new("C"), Command::new("D")], false);
    let server = async {
        assert_eq!(read(&mut theirs, 4 * 11).await.matches("*1").count(), 4);
        theirs.write_all(b"+1\r\n-ERR no\r\n:3\r\n:4\r\n").await.unwrap();
    };
    let (a, b, all, ()) = tokio::join!(
        wire.send(packed("A"), PATIENCE),
        wire.send(packed("B"), PATIENCE),
        wire.send_all(two, PATIENCE),
        server
    );
    assert_eq!(a.unwrap(), Reply::Status("1".to_owned()));
    assert!(matches!(b.unwrap(), Reply::Error(error) if error.text() == "no"));
    assert_eq!(all.unwrap(), [Reply::Int(3), Reply::Int(4)]);
}

#[tokio::test]
async fn the_answer_of_one_who_gave_up_is_nobodys() {
    let (wire, mut theirs) = started(PATIENCE);
    let given_up = tokio::time::timeout(Duration::from_millis(20), wire.send(packed("A"), PATIENCE)).await;
    assert!(given_up.is_err());
    assert_eq!(read(&mut theirs, 11).await, "*1\r\n$1\r\nA\r\n");
    let server = async {
        assert_eq!(read(&mut theirs, 11).await, "*1\r\n$1\r\nB\r\n");
        theirs.write_all(b":1\r\n:2\r\n").await.unwrap();
    };
    let (b, ()) = tokio::join!(wire.send(packed("B"), PATIENCE), server);
    assert_eq!(b.unwrap(), Reply::Int(2));
}

#[tokio::test]
async fn what_is_given_up_before_it_is_written_is_never_sent() {
    let (wire, mut theirs) = started(PATIENCE);
    // Nobody reads, and there is no room for more.
    let large = Command::new("L").arg(vec![b'x'; driver::FULL]);
    let large = wire.send(Packed::of([&large], false), PATIENCE);
    let given_up = async {
        tokio::task::yield_now().await;
        assert!(
            tokio::time::timeout(Duration::from_millis(20), wire.send(packed("B"), PATIENCE)).await.is_err()
        );
        let server = async {
            let size = Command::new("L").arg(vec![b'x'; driver::FULL]);
            read(&mut theirs, Packed::of([&size], false).bytes.len()).await;
            assert_eq!(read(&mut theirs, 11).await, "*1\r\n$1\r\nC\r\n");
            theirs.write_all(b":1\r\n:3\r\n").await.unwrap();
        };
        tokio::join!(wire.send(packed("C"), PATIENCE), server).0
    };
    let (large, c) = tokio::join!(large, given_up);
    assert_eq!((large.unwrap(), c.unwrap()), (Reply::Int(1), Reply::Int(3)));
}

#[tokio::test]
async fn when_it_ends_who_has_an_answer_keeps_it() {
    let (wire, mut theirs) = started(PATIENCE);
    let server = async {
        read(&mut theirs, 22).await;
        theirs.write_all(b":1\r\n").await.unwrap();
        drop(theirs);
    };
    let (a, b, ()) = tokio::join!(wire.send(packed("A"), PATIENCE), wire.send(packed("B"), PATIENCE), server);
    assert_eq!(a.unwrap(), Reply::Int(1));
    assert!(b.unwrap_err().is_broken());
    assert!(wire.send(packed("C"), PATIENCE).await.unwrap_err().is_broken());
}

#[tokio::test(start_paused = true)]
async fn an_end_that_says_nothing_is_noticed_also_if_all_gave_up() {
    let (wire, theirs) = started(PATIENCE);
    for _ in 0..3 {
        let short = tokio::time::timeout(Duration::from_millis(10), wire.send(packed("A"), PATIENCE)).await;
        assert!(short.is_err());
    }
    tokio::time::sleep(PATIENCE + Duration::from_millis(1)).await;
    assert!(wire.send(packed("B"), PATIENCE).await.unwrap_err().is_broken());
    drop(theirs);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_slow_is_waited_for_as_long_as_its_caller_does() {
    let (wire, mut theirs) = started(PATIENCE);
    let server = async {
        tokio::time::sleep(6 * PATIENCE).await;
        theirs.write_all(b":1\r\n").await.unwrap();
    };
    let (slow, ()) = tokio::join!(wire.send(packed("A"), 10 * PATIENCE), server);
    assert_eq!(slow.unwrap(), Reply::Int(1));
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_ends_it() {
    let (wire, mut theirs) = started(PATIENCE);
    theirs.write_all(b":1\r\n").await.unwrap();
    tokio::task::yield_now().await;
    assert!(wire.send(packed("A"), PATIENCE).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asked_for_does_not_keep_a_connection_that_answers_nothing() {
    let (wire, mut theirs) = started(PATIENCE);
    let server = async {
        loop {
            tokio::time::sleep(PATIENCE / 2).await;
            if theirs.write_all(b">1\r\n+tick\r\n").await.is_err() {
                break;
            }
        }
    };
    let asked = async { tokio::time::timeout(3 * PATIENCE, wire.send(packed("A"), PATIENCE)).await };
    let asked = tokio::select! {
        asked = asked => asked,
        () = server => panic!("it is told first"),
    };
    assert!(asked.expect("it is given up in time").unwrap_err().is_broken());
}

#[tokio::test(start_paused = true)]
async fn whoever_had_more_time_and_is_answered_gives_none_to_the_next() {
    let (wire, mut theirs) = started(PATIENCE);
    let server = async {
        tokio::time::sleep(PATIENCE / 2).await;
        theirs.write_all(b":1\r\n").await.unwrap();
    };
    let (slow, ()) = tokio::join!(wire.send(packed("A"), 100 * PATIENCE), server);
    assert_eq!(slow.unwrap(), Reply::Int(1));
    // Its other end is silent from now on.
    let next = tokio::time::timeout(3 * PATIENCE, wire.send(packed("B"), PATIENCE)).await;
    assert!(next.expect("it is given up in time").unwrap_err().is_broken());
}
