//! Bounds of what is read.

use super::super::decode::{DEEPEST, LOOKED};
use super::*;

/// What is read of this, if all comes at once, and of this many bytes at most.
fn up_to(longest: usize, bytes: &[u8]) -> Result<Option<Message>, Malformed> {
    let mut decoder = Decoder::up_to(longest);
    decoder.room().extend_from_slice(bytes);
    decoder.next()
}

fn why(bytes: &str) -> String {
    decoded(bytes.as_bytes(), 64).unwrap_err().to_string()
}

#[test]
fn what_is_no_protocol_is_refused() {
    for nonsense in [
        "*-2\r\n",
        "\u{15}\u{3}",
        "HTTP/1.1 400",
        "$x\r\n",
        ":\r\n",
        "?1\r\n",
        "+a\n",
        "$1\r\nab\r\n",
        ":99999999999999999999\r\n",
    ] {
        assert!(decoded(nonsense.as_bytes(), 64).is_err(), "{nonsense:?}");
    }
}

#[test]
fn no_text_and_no_list_is_waited_for_that_is_longer_than_a_server_has_it() {
    for kind in ["$", "=", "!"] {
        for beyond in ["536870913", "4294967295", "9223372036854775807"] {
            assert!(why(&format!("{kind}{beyond}\r\n")).contains("512 MiB"), "{kind}{beyond}");
        }
        assert_eq!(decoded(format!("{kind}536870912\r\n").as_bytes(), 64).unwrap(), []);
    }
    for kind in ["*", "~", ">", "%", "|"] {
        for beyond in ["2147483648", "9223372036854775807"] {
            assert!(why(&format!("{kind}{beyond}\r\n")).contains("2,147,483,647"), "{kind}{beyond}");
        }
        assert_eq!(decoded(format!("{kind}2147483647\r\n").as_bytes(), 64).unwrap(), []);
    }
}

#[test]
fn what_is_only_said_to_come_has_no_room_made_for_it() {
    for said in ["$536870912\r\n", "*2147483647\r\n", "*2147483647\r\n%2147483647\r\n=536870912\r\n"] {
        let mut decoder = Decoder::new();
        decoder.room().extend_from_slice(said.as_bytes());
        assert_eq!(decoder.next().unwrap(), None);
        assert!(decoder.room().capacity() <= 2 << 20, "{said:?}");
    }
}

#[test]
fn lists_in_lists_are_refused_before_their_end_came() {
    for begins in ["*1\r\n", "~1\r\n", "*2\r\n:1\r\n", "*2\r\n*0\r\n", "%1\r\n+k\r\n", "|1\r\n+k\r\n:1\r\n"] {
        let deepest = begins.repeat(DEEPEST);
        assert_eq!(decoded(deepest.as_bytes(), 64).unwrap(), [], "{begins:?}");
        assert_eq!(decoded((deepest.clone() + ":1\r\n").as_bytes(), 64).unwrap().len(), 1, "{begins:?}");
        assert_eq!(why(&(deepest + begins)), "lists stand too deep in lists", "{begins:?}");
    }
    assert!(why(&(">1\r\n".to_owned() + &"*1\r\n".repeat(DEEPEST))).contains("too deep"));
    // The next one begins anew.
    let two = ("*1\r\n".repeat(DEEPEST) + ":1\r\n").repeat(2);
    assert_eq!(decoded(two.as_bytes(), 64).unwrap().len(), 2);
}

#[test]
fn lists_beside_lists_are_not_deep() {
    let beside = format!(
        "*3\r\n{0}{0}{0}",
        format!("*{}\r\n", 3 * DEEPEST) + &"*2\r\n*0\r\n*1\r\n:1\r\n".repeat(3 * DEEPEST)
    );
    assert_eq!(decoded(beside.as_bytes(), 64).unwrap().len(), 1);
    // The last of a list, of a list, ….
    let last = "*2\r\n*1\r\n:1\r\n".repeat(DEEPEST - 2) + "*2\r\n" + &"*1\r\n:1\r\n".repeat(2);
    assert_eq!(decoded(last.as_bytes(), 64).unwrap().len(), 1);
}

#[test]
fn a_message_that_does_not_end_is_given_up() {
    let never = "*2147483647\r\n".to_owned() + &":1\r\n".repeat(250);
    assert_eq!(up_to(2000, never.as_bytes()).unwrap(), None);
    assert!(up_to(1000, never.as_bytes()).unwrap_err().to_string().contains("a message is longer"));
    // So is one of which it is said at once.
    assert!(up_to(1000, b"*2\r\n:1\r\n$990\r\n").is_err());
    assert_eq!(up_to(1000, b"*2\r\n:1\r\n$900\r\n").unwrap(), None);
}

#[test]
fn what_comes_in_pieces_is_looked_through_once() {
    let rows = format!("*20000\r\n{}", "*2\r\n$3\r\nkey\r\n%1\r\n+a\r\n:12345\r\n".repeat(20_000));
    let line = format!("+{}\r\n", "x".repeat(500_000));
    let text = format!("$500000\r\n{}\r\n", "x".repeat(500_000));
    for message in [line, rows, text] {
        LOOKED.set(0);
        assert_eq!(decoded(message.as_bytes(), message.len()).unwrap().len(), 1);
        let at_once = LOOKED.replace(0);
        assert_eq!(decoded(message.as_bytes(), 10).unwrap().len(), 1);
        // Of each piece, a line that it ends in, or the one of the text that it is a part of, is read again.
        let most = at_once + message.len();
        assert!(LOOKED.get() <= most, "{} bytes, {at_once} at once", LOOKED.get());
    }
}

#[test]
fn what_comes_in_pieces_is_moved_seldom() {
    let message = format!("${0}\r\n{1}\r\n", 32 << 20, "x".repeat(32 << 20));
    let (mut decoder, mut moved, mut at) = (Decoder::new(), 0, std::ptr::null());
    // The one before is kept, and shares its memory.
    decoder.room().extend_from_slice(b"$3\r\nabc\r\n");
    let kept = decoder.next().unwrap();
    for piece in message.as_bytes().chunks(8 << 10) {
        assert_eq!(decoder.next().unwrap(), None);
        let room = decoder.room();
        room.extend_from_slice(piece);
        moved += usize::from(room.as_ptr() != at);
        at = room.as_ptr();
    }
    assert!(decoder.next().unwrap().is_some() && kept.is_some());
    assert!(moved < 20, "{moved} times");
}
