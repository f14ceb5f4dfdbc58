/* Spans of time as leads ask for them: "7d", or from a day to a day, by the clock of a brand's zone. */

/* What the clock on a wall in that zone says at an instant, as if it were UTC. */
function wall(at, zone) {
	const parts = Object.fromEntries(new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
		hour: "2-digit", minute: "2-digit", second: "2-digit" }).formatToParts(new Date(at)).map((p) => [p.type, Number(p.value)]));
	return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
}

/* The instant at which a day ("2026-11-20") begins there. Where clocks jump, the second guess is right. */
export function dayBegins(day, zone) {
	const wanted = Date.parse(`${day}T00:00:00Z`);
	let at = wanted - (wall(wanted, zone) - wanted);
	at = wanted - (wall(at, zone) - at);
	return new Date(at).toISOString();
}

/* Which day it is there. */
export function dayOf(at, zone) {
	return new Date(wall(at, zone)).toISOString().slice(0, 10);
}

export function daysLater(day, n) {
	return new Date(Date.parse(`${day}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10);
}

export const SPANS = { "1d": 1, "7d": 7, "30d": 30, "90d": 90, "365d": 365 };

/* Every day of a span, from the first on; not more than a year and a month. */
export function daysOf(span) {
	const out = [];
	for (let day = span.fromDay; day <= span.toDay && out.length < 400; day = daysLater(day, 1)) {
		out.push(day);
	}
	return out;
}

/* The query of an address → { from, to, name }; to is null: until now. Both ends of a span of days belong to it. */
export function spanOf(query, zone, at, otherwise = "30d") {
	const isDay = (d) => /^\d{4}-\d\d-\d\d$/.test(d ?? "") && !Number.isNaN(Date.parse(d));
	if (isDay(query.from) && isDay(query.to) && query.from <= query.to) {
		return { name: "days", from: dayBegins(query.from, zone), to: dayBegins(daysLater(query.to, 1), zone), fromDay: query.from, toDay: query.to };
	}
	const name = Object.hasOwn(SPANS, query.span ?? "") ? query.span : otherwise;
	const today = dayOf(at, zone), first = daysLater(today, 1 - SPANS[name]);
	return { name, from: dayBegins(first, zone), to: null, fromDay: first, toDay: today };
}
