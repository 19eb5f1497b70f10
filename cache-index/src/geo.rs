//! Points on the earth, and distances between them as the server measures them.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::GeoError;
use crate::kind::Geo;
use crate::path::Step;
use crate::value::{IndexValue, Indexable, JsonType, ScalarValue};

/// The northernmost latitude that the index holds, and with a minus the southernmost (`GEO_LAT_MAX` of Redis's
/// `geohash.h`: where the Mercator projection of EPSG:3857 ends).
const MOST_LATITUDE: f64 = 85.05112878;
const MOST_LONGITUDE: f64 = 180.0;

/// In metres, as Redis has it (`EARTH_RADIUS_IN_METERS` of its `geohash_helper.c`).
const EARTH_RADIUS: f64 = 6_372_797.560_856;

/// How many bits the index keeps of each coordinate (`GEO_STEP_MAX`).
const BITS: u32 = 26;

/// A point on the earth: longitude and latitude in degrees (WGS84). Indexed as GEO.
///
/// In JSON it is the string `"<longitude>,<latitude>"`, which is what the index reads and what comes back to the last
/// bit. The index itself keeps 26 bits of each coordinate, about half a metre.
///
/// ```
/// use cache_index::GeoPoint;
///
/// let bern = GeoPoint::new(7.4474, 46.948)?;
/// assert_eq!(bern.to_string(), "7.4474,46.948");
/// assert!(GeoPoint::new(46.948, 97.4474).is_err());
/// # Ok::<(), cache_index::GeoError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[doc(alias = "Coordinates")]
pub struct GeoPoint {
    longitude: f64,
    latitude: f64,
}

impl GeoPoint {
    /// The point at this longitude and latitude, in this order, in degrees.
    ///
    /// # Errors
    /// [`GeoError`] for a longitude beyond ±180 or a latitude beyond ±85.05112878, which the index does not take, and
    /// for what is no number.
    pub fn new(longitude: f64, latitude: f64) -> Result<Self, GeoError> {
        // A NaN is in no range.
        if !(-MOST_LONGITUDE..=MOST_LONGITUDE).contains(&longitude) {
            return Err(GeoError::Longitude { longitude });
        }
        if !(-MOST_LATITUDE..=MOST_LATITUDE).contains(&latitude) {
            return Err(GeoError::Latitude { latitude });
        }
        Ok(Self { longitude, latitude })
    }

    /// Degrees east.
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// Degrees north.
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// The middle of the cell in which the index keeps the point.
    fn indexed(self) -> Self {
        Self { longitude: cell(self.longitude, MOST_LONGITUDE), latitude: cell(self.latitude, MOST_LATITUDE) }
    }

    /// How far the point is from where the index keeps the other one, as the server computes it
    /// (`geohashGetDistance`, the haversine formula).
    pub(crate) fn metres_to_indexed(self, other: Self) -> f64 {
        let other = other.indexed();
        let (latitude, other_latitude) = (self.latitude.to_radians(), other.latitude.to_radians());
        let u = ((other_latitude - latitude) / 2.0).sin();
        let v = ((other.longitude.to_radians() - self.longitude.to_radians()) / 2.0).sin();
        2.0 * EARTH_RADIUS * (u * u + latitude.cos() * other_latitude.cos() * v * v).sqrt().asin()
    }
}

/// The middle of the cell of this coordinate, of the 2^26 between `-most` and `most`.
fn cell(coordinate: f64, most: f64) -> f64 {
    let cells = f64::from(1_u32 << BITS);
    let width = 2.0 * most;
    let number = ((coordinate + most) / width * cells).floor();
    let start = -most + number / cells * width;
    let end = -most + (number + 1.0) / cells * width;
    ((start + end) / 2.0).clamp(-most, most)
}

impl fmt::Display for GeoPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The shortest decimals that read back as the same doubles.
        write!(f, "{},{}", self.longitude, self.latitude)
    }
}

impl FromStr for GeoPoint {
    type Err = GeoError;

    fn from_str(text: &str) -> Result<Self, GeoError> {
        let number = |part: &str| part.trim().parse::<f64>().ok();
        let parts = text.split_once(',').and_then(|(one, other)| Some((number(one)?, number(other)?)));
        let (longitude, latitude) = parts.ok_or_else(|| GeoError::Form { text: text.to_owned() })?;
        Self::new(longitude, latitude)
    }
}

impl Serialize for GeoPoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GeoPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl IndexValue for GeoPoint {
    type Kind = Geo;
    type Scalar = Self;
    const JSON: JsonType = JsonType::String;
    const STEP: Step = Step::One;
}

impl Indexable<Geo> for GeoPoint {}

impl ScalarValue for GeoPoint {
    type ElementKind = Geo;
    type Element = Self;
}

/// A distance on the earth.
///
/// ```
/// use cache_index::Distance;
///
/// assert_eq!(Distance::kilometers(1.5), Distance::meters(1_500.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Distance {
    meters: f64,
}

impl Distance {
    /// This many metres.
    #[doc(alias = "m")]
    pub const fn meters(meters: f64) -> Self {
        Self { meters }
    }

    /// This many kilometres.
    #[doc(alias = "km")]
    pub const fn kilometers(kilometers: f64) -> Self {
        Self::meters(kilometers * 1_000.0)
    }

    /// This many statute miles, of 1,609.34 metres as Redis counts them.
    #[doc(alias = "mi")]
    pub const fn miles(miles: f64) -> Self {
        Self::meters(miles * 1_609.34)
    }

    /// This many feet, of 0.3048 metres.
    #[doc(alias = "ft")]
    pub const fn feet(feet: f64) -> Self {
        Self::meters(feet * 0.3048)
    }

    /// In metres.
    pub const fn as_meters(self) -> f64 {
        self.meters
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_index_does_not_take_is_refused() {
        assert!(matches!(GeoPoint::new(180.1, 0.0), Err(GeoError::Longitude { .. })));
        assert!(matches!(GeoPoint::new(0.0, 86.0), Err(GeoError::Latitude { .. })));
        assert!(matches!(GeoPoint::new(f64::NAN, 0.0), Err(GeoError::Longitude { .. })));
        for text in ["", "1", "1;2", "a,b", "1,2,3"] {
            assert!(matches!(text.parse::<GeoPoint>(), Err(GeoError::Form { .. })), "{text}");
        }
        assert_eq!("1, 2".parse::<GeoPoint>().unwrap(), GeoPoint::new(1.0, 2.0).unwrap());
    }

    /// GEODIST of Redis's documentation: Palermo and Catania, 166,274.1516 metres, both kept in cells.
    #[test]
    fn distances_are_those_of_the_server() {
        let palermo = GeoPoint::new(13.361389, 38.115556).unwrap().indexed();
        let catania = GeoPoint::new(15.087269, 37.502669).unwrap();
        assert!((palermo.metres_to_indexed(catania) - 166_274.151_6).abs() < 0.000_1);
    }

    proptest! {
        #[test]
        fn a_point_comes_back_to_the_last_bit(longitude in -180.0..=180.0, latitude in -85.05..=85.05) {
            let point = GeoPoint::new(longitude, latitude).unwrap();
            prop_assert_eq!(serde_json::from_str::<GeoPoint>(&serde_json::to_string(&point).unwrap()).unwrap(), point);
            prop_assert!(point.metres_to_indexed(point) < 0.6);
        }
    }
}
