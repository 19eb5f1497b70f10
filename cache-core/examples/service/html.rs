//! What a page of sessions looks like.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, Utc};

use crate::sessions::{Device, Search, Session};
use crate::settings::Settings;

/// The style sheet that pages refer to.
pub(crate) const STYLE: &str = include_str!("style.css");

/// A page of sessions.
pub(crate) struct Page<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) settings: &'a Settings,
    pub(crate) search: &'a Search,
    pub(crate) sessions: &'a [Session],
    /// How many there are in all; `None`: nobody knows.
    pub(crate) total: Option<u64>,
    /// What the reader has to know of the list.
    pub(crate) notice: Option<String>,
    pub(crate) now: DateTime<Utc>,
}

/// A text in HTML, also within quotes. Whatever came from outside is written through this.
struct Text<T>(T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        struct Escaping<'a, 'b>(&'a mut Formatter<'b>);
        impl Write for Escaping<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.chars().try_for_each(|character| match character {
                    '&' => self.0.write_str("&amp;"),
                    '<' => self.0.write_str("&lt;"),
                    '>' => self.0.write_str("&gt;"),
                    '"' => self.0.write_str("&quot;"),
                    '\'' => self.0.write_str("&#39;"),
                    other => self.0.write_char(other),
                })
            }
        }
        write!(Escaping(f), "{}", self.0)
    }
}

/// A text as a value of a query string: everything but letters and digits of ASCII in percent.
struct Value<'a>(&'a str);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => write!(f, "{}", char::from(byte)),
            byte => write!(f, "%{byte:02X}"),
        })
    }
}

/// Where a search is.
struct Link<'a> {
    search: &'a Search,
    device: Option<Device>,
    page: u64,
}

impl Display for Link<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "/?q={}", Value(&self.search.q))?;
        if let Some(device) = self.device {
            write!(f, "&amp;device={}", device.name())?;
        }
        if self.page > 1 {
            write!(f, "&amp;page={}", self.page)?;
        }
        Ok(())
    }
}

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (title, accent) = (Text(&self.settings.title), self.settings.accent.name());
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n\
             <body class=\"{accent}\">\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n</header>\n<main>\n",
            Text(self.tenant)
        )?;
        self.form(f)?;
        if let Some(notice) = &self.notice {
            writeln!(f, "<p class=\"notice\" role=\"status\">{}</p>", Text(notice))?;
        }
        if !self.sessions.is_empty() {
            self.table(f)?;
        } else if self.notice.is_none() {
            f.write_str("<p class=\"empty\">Nobody is found.</p>\n")?;
        }
        self.pager(f)?;
        f.write_str("</main>\n<footer>\n")?;
        if let Some(support) = &self.settings.support {
            writeln!(f, "<a href=\"mailto:{0}\">{0}</a>", Text(support))?;
        }
        f.write_str(
            "<nav><a href=\"/tenant_settings\">Settings</a> <a href=\"/tenant_schema\">Schema</a> \
             <a href=\"/healthcheck\">Health</a> <a href=\"/metrics\">Metrics</a></nav>\n</footer>\n</body>\n</html>\n",
        )
    }
}

impl Page<'_> {
    fn form(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let q = Text(&self.search.q);
        write!(
            f,
            "<form action=\"/\" role=\"search\">\n<input type=\"search\" name=\"q\" value=\"{q}\" \
             placeholder=\"Name or address\" aria-label=\"Name or address\" maxlength=\"200\">\n"
        )?;
        if let Some(device) = self.search.device {
            writeln!(f, "<input type=\"hidden\" name=\"device\" value=\"{}\">", device.name())?;
        }
        f.write_str("<button>Search</button>\n</form>\n<nav class=\"devices\" aria-label=\"Devices\">\n")?;
        for device in [None].into_iter().chain(Device::ALL.map(Some)) {
            let link = Link { search: self.search, device, page: 1 };
            let current = if device == self.search.device { " aria-current=\"true\"" } else { "" };
            writeln!(f, "<a href=\"{link}\"{current}>{}</a>", device.map_or("all", Device::name))?;
        }
        f.write_str("</nav>\n")
    }

    fn table(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Address</th>\
             <th scope=\"col\">Device</th><th scope=\"col\">Seen</th></tr></thead>\n<tbody>\n",
        )?;
        for session in self.sessions {
            writeln!(
                f,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td><time datetime=\"{}\">{}</time></td></tr>",
                Text(&session.user),
                Text(&session.email),
                session.device.name(),
                session.seen.format("%FT%TZ"),
                Ago((self.now - session.seen).num_seconds()),
            )?;
        }
        f.write_str("</tbody>\n</table>\n")
    }

    fn pager(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(total) = self.total.filter(|total| *total > 0) else { return Ok(()) };
        let (page, size) = (self.search.page(), u64::from(self.settings.page_size()));
        let pages = total.div_ceil(size);
        let device = self.search.device;
        let link = |page, name| match page {
            Some(page) => format!("<a href=\"{}\">{name}</a>", Link { search: self.search, device, page }),
            None => format!("<span>{name}</span>"),
        };
        let before = (page > 1).then(|| (page - 1).min(pages));
        let after = (page < pages).then(|| page + 1);
        let counted = match self.sessions.len() as u64 {
            0 => format!("{total} in all"),
            shown => format!("{} to {} of {total}", (page - 1) * size + 1, (page - 1) * size + shown),
        };
        writeln!(
            f,
            "<nav class=\"pager\" aria-label=\"Pages\">{} <span class=\"count\">{counted}</span> {}</nav>",
            link(before, "Back"),
            link(after, "Next")
        )
    }
}

/// How long ago something was, in seconds, as people say it.
struct Ago(i64);

impl Display for Ago {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..60 => f.write_str("just now"),
            seconds @ 60..3600 => write!(f, "{} min ago", seconds / 60),
            seconds => write!(f, "{} h {} min ago", seconds / 3600, seconds % 3600 / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_stays_text() {
        let hostile = "<script>alert('\"&\"')</script>";
        let settings =
            Settings { title: hostile.to_owned(), support: Some(hostile.to_owned()), ..Settings::sample() };
        let search = Search { q: hostile.to_owned(), ..Search::default() };
        let page = Page {
            tenant: hostile,
            settings: &settings,
            search: &search,
            sessions: &[],
            total: Some(1),
            notice: Some(hostile.to_owned()),
            now: Utc::now(),
        };
        let page = page.to_string();
        assert!(!page.contains("<script") && !page.contains("'\""), "{page}");
        assert!(page.contains("value=\"&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;\""));
        assert!(page.contains("/?q=%3Cscript%3Ealert%28%27%22%26%22%27%29%3C%2Fscript%3E"));
    }
}
