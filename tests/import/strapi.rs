//! Archives of `strapi export`.

use std::path::PathBuf;

use crate::site::Site;

const KEY: &str = "tympan-test-key";

fn archive() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/strapi_import/real/export.tar.gz.enc")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_arrives_whole_and_only_once() {
    for site in Site::both().await {
        let first = site.strapi(&archive(), Some(KEY)).await.unwrap();
        assert_eq!((first.created, first.updated, first.unchanged), (29, 0, 0));
        assert_eq!(first.media.written, 5);
        assert_eq!(site.number("select count(*) from documents").await, 29);
        assert_eq!(site.number("select count(*) from versions").await, 29);
        let before = site.sizes().await;

        let second = site.strapi(&archive(), Some(KEY)).await.unwrap();

        assert_eq!(
            (second.created, second.updated, second.unchanged),
            (0, 0, 29)
        );
        assert_eq!(second.schema, Vec::<String>::new());
        assert_eq!(site.sizes().await, before);
        println!("{}", second.report);
    }
}
