//! The time zones of the world in a private Redis: saved, indexed, found.
//!
//! `cargo run --example quickstart` needs no server: it starts one and stops it at the end.

use std::error::Error;
use std::io::{Write, stdout};

use cache_core::{Cache, CacheModel, Filter, Found, Migrator};
use serde::{Deserialize, Serialize};

/// A row of the IANA table `zone1970.tab`.
#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "zone", ttl = "1h")]
struct Zone {
    #[primary_key]
    name: String,
    /// ISO 3166 codes of the countries that overlap the zone.
    #[index]
    countries: Vec<String>,
    /// The part of the name before the first slash.
    #[index]
    region: String,
    /// Degrees, north is positive.
    #[index(sortable)]
    latitude: f64,
    /// Degrees, east is positive.
    #[index(sortable)]
    longitude: f64,
    /// What the table says to tell zones of a country apart.
    #[index(text)]
    comments: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Not `println!`, which panics when the reader goes away: `… | head` is a fair use of an example.
    let mut out = stdout().lock();
    let cache = Cache::embedded().await?.project("quickstart");

    let migration = Migrator::new().register::<Zone>().run(&cache).await?;
    for index in migration.indexes() {
        writeln!(out, "index    {}", index.name)?;
    }

    let zones = read_table(include_str!("data/zone1970.tab"))?;
    for zone in &zones {
        let _ = zone.save(&cache).await?;
    }
    writeln!(out, "saved    {} zones", zones.len())?;

    let zurich = Zone::get(&cache, "Europe/Zurich").await?;
    writeln!(out, "get      {:?}", zurich.map(|zone| zone.countries))?;
    let in_asia = Zone::find_by_region("Asia").count(&cache).await?;
    writeln!(out, "count    {in_asia} in Asia")?;

    let swiss = Zone::find_by_countries("CH").all(&cache).await?;
    show(&mut out, "Zones that overlap Switzerland", &swiss)?;

    let southern = Zone::find()
        .filter(Zone::LATITUDE.lt(-40.0) & !Zone::REGION.eq("Antarctica"))
        .sort_by(Zone::LATITUDE.asc())
        .page(0, 5)
        .all(&cache)
        .await?;
    show(&mut out, "The southernmost, without Antarctica", &southern)?;

    let mountain: Filter<Zone> = Zone::COMMENTS.matches("mountain") & Zone::COUNTRIES.is_in(["US", "CA"]);
    let mountain = Zone::find().filter(mountain).sort_by(Zone::LONGITUDE.asc()).all(&cache).await?;
    show(&mut out, "Mountain time in Canada and the United States", &mountain)?;

    // The server and everything on it go with the last clone of the cache.
    Ok(())
}

fn show(out: &mut impl Write, title: &str, zones: &Found<Zone>) -> std::io::Result<()> {
    writeln!(out, "\n{title} ({} of {})", zones.len(), zones.total())?;
    writeln!(out, "  {:<28} {:>8} {:>9}  {:<14} comments", "zone", "latitude", "longitude", "countries")?;
    for zone in zones {
        writeln!(
            out,
            "  {:<28} {:>8.2} {:>9.2}  {:<14} {}",
            zone.name,
            zone.latitude,
            zone.longitude,
            zone.countries.join(","),
            zone.comments.as_deref().unwrap_or("-")
        )?;
    }
    Ok(())
}

fn read_table(table: &str) -> Result<Vec<Zone>, Box<dyn Error>> {
    table.lines().filter(|line| !line.starts_with('#')).map(read_row).collect()
}

fn read_row(row: &str) -> Result<Zone, Box<dyn Error>> {
    let mut columns = row.split('\t');
    let mut column = || columns.next().ok_or_else(|| format!("a column is missing in `{row}`"));
    let (countries, coordinates, name) = (column()?, column()?, column()?);
    let (latitude, longitude) = read_coordinates(coordinates)?;
    Ok(Zone {
        name: name.to_owned(),
        countries: countries.split(',').map(str::to_owned).collect(),
        region: name.split('/').next().unwrap_or(name).to_owned(),
        latitude,
        longitude,
        comments: columns.next().map(str::to_owned),
    })
}

/// `+4723+00832` or `-720041+0023206`: ISO 6709, degrees, minutes and perhaps seconds.
fn read_coordinates(text: &str) -> Result<(f64, f64), Box<dyn Error>> {
    let second = text.rfind(['+', '-']).filter(|position| *position > 0);
    let (latitude, longitude) = text.split_at_checked(second.ok_or("no longitude")?).ok_or("no longitude")?;
    Ok((read_angle(latitude, 2)?, read_angle(longitude, 3)?))
}

fn read_angle(text: &str, degree_digits: usize) -> Result<f64, Box<dyn Error>> {
    let (sign, digits) = text.split_at_checked(1).ok_or("no sign")?;
    let (degrees, rest) = digits.split_at_checked(degree_digits).ok_or("no degrees")?;
    let (minutes, seconds) = rest.split_at_checked(2).ok_or("no minutes")?;
    let seconds: f64 = if seconds.is_empty() { 0.0 } else { seconds.parse()? };
    let angle = degrees.parse::<f64>()? + minutes.parse::<f64>()? / 60.0 + seconds / 3600.0;
    Ok(if sign == "-" { -angle } else { angle })
}
