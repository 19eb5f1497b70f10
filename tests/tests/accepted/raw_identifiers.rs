//! Raw identifiers lose their mark everywhere but in the struct.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]

use cache_core::{CacheModel, IndexSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct r#Struct {
    #[primary_key]
    r#impl: String,
    #[index]
    r#type: String,
    #[index(sortable)]
    r#async: i64,
}

#[test]
fn is_accepted() {
    let _ = r#Struct::find_by_type("admin").filter(r#Struct::ASYNC.gt(3)).sort_by(r#Struct::ASYNC.asc());
    let schema = <r#Struct as IndexSchema>::schema();
    assert_eq!((schema.model(), schema.prefix()), ("Struct", "struct"));
    assert!(schema.primary_key().eq(["impl"]));
    let members: Vec<_> = schema.fields().map(cache_core::FieldDef::member).collect();
    assert_eq!(members, ["impl", "type", "async"]);
}
