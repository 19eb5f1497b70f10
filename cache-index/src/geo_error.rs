//! Points and shapes that cannot be indexed.

/// A point or a shape that the index would not take.
///
/// ```
/// use cache_index::{GeoError, GeoPoint};
///
/// let swapped = GeoPoint::new(46.9, 107.4).unwrap_err();
/// assert_eq!(swapped, GeoError::Latitude { latitude: 107.4 });
/// assert!(swapped.to_string().starts_with("107.4 is no latitude that the index holds"));
/// let text = "46.9 7.4".parse::<GeoPoint>().unwrap_err();
/// assert_eq!(text.to_string(), "`46.9 7.4` is no point; write `longitude,latitude`");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeoError {
    /// A longitude that is none.
    #[error("{longitude} is no longitude, which lies between -180 and 180 degrees; is it the latitude?")]
    Longitude {
        /// The number.
        longitude: f64,
    },
    /// A latitude that is none, or that the index does not hold.
    #[error(
        "{latitude} is no latitude that the index holds, which lie between -85.05112878 and 85.05112878 degrees"
    )]
    Latitude {
        /// The number.
        latitude: f64,
    },
    /// A text that is no point.
    #[error("`{text}` is no point; write `longitude,latitude`")]
    Form {
        /// The text.
        text: String,
    },
    /// A shape that the index would not take.
    #[error("the shape cannot be indexed: {reason}")]
    Shape {
        /// Why.
        reason: String,
    },
}
