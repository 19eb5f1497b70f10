//! Locks behind links: the link stays one.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::service::Service;

#[test]
fn a_lock_behind_a_link_is_written_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, shared) = (folder.path(), folder.path().join("shared"));
    let (link, file) = (folder.join("schema.lock"), shared.join("schema.lock"));
    fs::create_dir(&shared).unwrap();
    // Over a second one, each read from its own folder; and there is no file yet.
    symlink("shared/link", &link).unwrap();
    symlink("schema.lock", shared.join("link")).unwrap();
    let service = Service::lost();
    let made = service.run_in(folder, "migrate lock");
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("\nuser "), "{text}");

    // One that is there keeps who may read it.
    fs::write(&file, format!("{text}user 0123456789ab\n")).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    assert_eq!(service.run_in(folder, "migrate lock").code, 0);
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written.lines().count(), text.lines().count() + 2, "{written}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link was replaced");
    assert!(fs::symlink_metadata(shared.join("link")).unwrap().is_symlink(), "the link was replaced");
    let left = [folder, &shared].map(|folder| fs::read_dir(folder).unwrap().count());
    assert_eq!(left, [2, 2], "something is left beside it");
}

#[test]
fn links_without_an_end_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    symlink("b.lock", folder.path().join("a.lock")).unwrap();
    symlink("a.lock", folder.path().join("b.lock")).unwrap();
    let refused = Service::lost().run_in(folder.path(), "migrate lock --file a.lock");
    assert_eq!(refused.code, 1);
    assert!(refused.err.starts_with("error: `a.lock` cannot be "), "{}", refused.err);
}
