//! Decimals: written as numbers, read back equal, and found by the index.

use cache_core::{Cache, CacheModel, Migrator};
use cache_tests::{chain, live};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Offer {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    #[serde(with = "cache_core::decimal_number")]
    price: Decimal,
    #[index]
    #[serde(default, with = "cache_core::decimal_number")]
    discount: Option<Decimal>,
    #[index]
    #[serde(with = "cache_core::decimal_number")]
    steps: Vec<Decimal>,
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn decimals_are_saved_found_and_patched(cache: Cache) {
    Migrator::new().register::<Offer>().run(&cache).await.unwrap();
    let offers = [
        ("19.90", None, vec![]),
        ("-0.1", Some("3.3"), vec!["0.1", "0.2"]),
        ("1234567890123.45", Some("1"), vec![]),
    ];
    for (id, (price, discount, steps)) in (1..).zip(offers) {
        let offer = Offer {
            id,
            price: decimal(price),
            discount: discount.map(decimal),
            steps: steps.into_iter().map(decimal).collect(),
        };
        let _ = offer.save(&cache).await.unwrap();
        assert_eq!(Offer::get(&cache, id).await.unwrap().as_ref(), Some(&offer));
        assert_eq!(Offer::find_by_price(offer.price).one(&cache).await.unwrap(), offer);
    }
    assert_eq!(Offer::find().filter(Offer::PRICE.lt(decimal("19.9"))).count(&cache).await.unwrap(), 1);
    assert_eq!(Offer::find_by_price(decimal("19.9")..).count(&cache).await.unwrap(), 2);
    assert_eq!(Offer::find_by_discount(decimal("3.30")).one(&cache).await.unwrap().id, 2);
    assert_eq!(Offer::find_by_steps(decimal("0.2")).one(&cache).await.unwrap().id, 2);
    let _ = Offer::patch(1)
        .set(Offer::PRICE, decimal("20.05"))
        .set(Offer::DISCOUNT, decimal("0.5"))
        .push(Offer::STEPS, decimal("0.7"))
        .send(&cache)
        .await
        .unwrap();
    assert_eq!(Offer::find_by_price(decimal("20.05")).one(&cache).await.unwrap().steps, [decimal("0.7")]);
    let offer = Offer { id: 9, price: decimal("0.12345678901234567"), discount: None, steps: vec![] };
    assert!(chain(&offer.save(&cache).await.unwrap_err()).contains("decimal_number"));
}

live! {
    decimals_are_saved_found_and_patched,
}
