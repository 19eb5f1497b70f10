//! The ratios and the curves as a picture.

use plotters::prelude::*;

use crate::cell::Cell;
use crate::report::{Report, folder};
use crate::round::Spread;
use crate::scale::{Curve, Point};
use crate::work::Outcome;

const SIZE: (u32, u32) = (1_280, 900);
const OURS: RGBColor = RGBColor(31, 119, 180);
const FRED: RGBColor = RGBColor(255, 127, 14);
const HAND: RGBColor = FRED;

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Draws the report beside what was built, and says where.
pub(crate) fn draw(report: &Report) -> Outcome<()> {
    if !report.cells.is_empty() {
        let path = folder()?.join("versus.svg");
        let area = SVGBackend::new(&path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let panels = area.split_evenly((2, 2));
        let mut panels = panels.iter();
        for size in ["300 B", "10 KB"] {
            for many in [false, true] {
                let cells: Vec<_> = report
                    .cells
                    .iter()
                    .filter(|cell| cell.size == size && (cell.callers > 1) == many)
                    .collect();
                let Some(panel) = panels.next() else { break };
                let title = format!("documents of {size}, {} at once", if many { "many" } else { "one" });
                ratios(panel, &title, &cells)?;
            }
        }
        area.present()?;
        println!("{}", path.display());
    }
    if !report.curves.is_empty() {
        let path = folder()?.join("versus-scale.svg");
        let area = SVGBackend::new(&path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        for (panel, curve) in area.split_evenly((2, 2)).iter().zip(&report.curves) {
            scale(panel, curve)?;
        }
        area.present()?;
        println!("{}", path.display());
    }
    Ok(())
}

/// A curve of ours and one by hand, each with its quarters.
fn scale(area: &Area<'_>, curve: &Curve) -> Outcome<()> {
    let most = curve.points.iter().flat_map(|point| [point.ours.high, point.redis.high]).fold(1.0, f64::max);
    let first = curve.points.first().map_or(1.0, |point| point.x as f64);
    let last = curve.points.last().map_or(2.0, |point| point.x as f64);
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{}: blue ours, orange by hand", curve.title), ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(80)
        .build_cartesian_2d((first..last).log_scale(), 0.0..most * 1.1)?;
    let whole = |number: &f64| format!("{number:.0}");
    chart
        .configure_mesh()
        .x_label_formatter(&whole)
        .y_label_formatter(&whole)
        .x_desc(curve.x)
        .y_desc("calls a second")
        .draw()?;
    type Of = fn(&Point) -> Spread;
    let sides: [(Of, RGBColor); 2] = [(|point| point.ours, OURS), (|point| point.redis, HAND)];
    for (of, color) in sides {
        let line = curve.points.iter().map(|point| (point.x as f64, of(point).median));
        chart.draw_series(LineSeries::new(line, color.stroke_width(2)))?;
        let quarters = curve.points.iter().map(|point| {
            let (x, spread) = (point.x as f64, of(point));
            PathElement::new([(x, spread.low), (x, spread.high)], color)
        });
        chart.draw_series(quarters)?;
    }
    Ok(())
}

/// For each call how much more ours did than the redis crate and than fred by hand, from quarter to quarter.
fn ratios(area: &Area<'_>, title: &str, cells: &[&Cell]) -> Outcome<()> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(130)
        .build_cartesian_2d(0.5..1.7, 0.0..cells.len().max(1) as f64)?;
    let name = |place: &f64| cells.get(*place as usize).map_or(String::new(), |cell| cell.work.to_owned());
    chart
        .configure_mesh()
        .y_labels(2 * cells.len() + 1)
        .y_label_formatter(&name)
        .x_desc("calls of ours for one by hand: blue redis-rs, orange fred; grey: the noise")
        .disable_y_mesh()
        .draw()?;
    chart.draw_series([PathElement::new([(1.0, 0.0), (1.0, cells.len() as f64)], BLACK)])?;
    for (place, cell) in cells.iter().enumerate() {
        let bottom = place as f64;
        let (noise, redis, fred) = (cell.to_itself, cell.to_redis, cell.to_fred);
        chart.draw_series([
            Rectangle::new([(noise.low, bottom), (noise.high, bottom + 0.9)], BLACK.mix(0.12).filled()),
            Rectangle::new([(1.0, bottom + 0.5), (redis.median, bottom + 0.8)], OURS.filled()),
            Rectangle::new([(1.0, bottom + 0.1), (fred.median, bottom + 0.4)], FRED.filled()),
        ])?;
        chart.draw_series([
            PathElement::new([(redis.low, bottom + 0.65), (redis.high, bottom + 0.65)], BLACK),
            PathElement::new([(fred.low, bottom + 0.25), (fred.high, bottom + 0.25)], BLACK),
        ])?;
    }
    Ok(())
}
