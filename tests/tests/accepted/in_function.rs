//! A model can be private, and stand in the body of a function or in a block.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]

use cache_core::CacheModel;

#[test]
fn is_accepted() {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    enum Level {
        Low,
        High,
    }

    #[derive(Serialize, Deserialize, CacheModel)]
    struct Task {
        #[primary_key]
        id: String,
        #[index]
        owner: String,
        level: Level,
    }

    {
        #[derive(Serialize, Deserialize, CacheModel)]
        struct Task {
            #[primary_key]
            id: String,
            #[index]
            age: u8,
        }
        let _ = Task::find_by_age(3);
    }

    let task = Task { id: "t1".to_owned(), owner: "ann".to_owned(), level: Level::Low };
    assert!(!matches!(task.level, Level::High));
    let _ = Task::find_by_owner(&task.owner).filter(Task::OWNER.ne("bob"));
    assert_eq!(Task::LEVEL.def().member(), "level");
}
