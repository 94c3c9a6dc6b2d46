/*
 * Plots out of the tables of a page, and numbers that follow what happens. Without it a page says
 * the same: docs/console.md. It makes nodes and texts, never HTML out of text.
 */
"use strict";

(() => {
	const SVG = "http://www.w3.org/2000/svg";
	const REFRESH_MS = 30000;
	const OFTEN_MS = 2000; /* where something is at work */
	/* The page is asked for as long as somebody is there, so that a log-in ends that nobody uses. */
	const WATCHED_MS = 5 * 60000;
	const WIDTH = 420, HEIGHT = 165, LEFT = 4, RIGHT = 4, TOP = 22, BOTTOM = 24;

	const svg = (name, attributes, ...inside) => {
		const node = document.createElementNS(SVG, name);

		for (const [key, value] of Object.entries(attributes))
			node.setAttribute(key, value);
		node.append(...inside);
		return node;
	};

	/* Of a table: [{name, value, text}], a row each. */
	const rowsOf = table => [...table.tBodies[0].rows].map(row => ({
		name: row.cells[0].textContent.trim(),
		value: Number(row.querySelector("meter").value),
		text: row.cells[1].textContent.trim(),
	}));

	/* One column for each row; the first, the last and the highest have their names. */
	const columns = (rows, label) => {
		const most = Math.max(1, ...rows.map(r => r.value));
		const step = (WIDTH - LEFT - RIGHT) / rows.length;
		const ground = HEIGHT - BOTTOM;
		const plot = svg("svg", {class: "columns", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label},
		    svg("line", {x1: LEFT, y1: ground, x2: WIDTH - RIGHT, y2: ground}));
		const highest = rows.findIndex(r => r.value === most);

		rows.forEach((row, i) => {
			const height = (ground - TOP) * row.value / most;
			const x = LEFT + i * step, middle = x + step / 2;
			const anchor = middle < 60 ? "start" : middle > WIDTH - 60 ? "end" : "middle";
			const at = anchor === "start" ? LEFT : anchor === "end" ? WIDTH - RIGHT : middle;

			plot.append(svg("rect", {x: x + step * 0.12, y: ground - height, width: step * 0.76, height},
			    svg("title", {}, `${row.name}: ${row.text}`)));
			if (i === highest)
				plot.append(svg("text", {x: at, y: ground - height - 7, "text-anchor": anchor}, row.text));
			if (i === 0 || i === rows.length - 1)
				plot.append(svg("text", {x: at, y: HEIGHT - 6, "text-anchor": anchor}, row.name));
		});
		return plot;
	};

	/* The picture comes before its table, which can be opened and is closed now. */
	const draw = root => {
		for (const table of root.querySelectorAll("table.as-columns")) {
			const rows = rowsOf(table), details = table.closest("details");

			if (rows.length === 0)
				continue;
			details.before(columns(rows, table.caption.textContent.trim()));
			details.open = false;
		}
	};

	/* --- what changes ---------------------------------------------------------------------------- */

	let seen = Date.now();

	const isWatched = () => document.visibilityState === "visible" && Date.now() - seen < WATCHED_MS;

	/* The parts of the new page in place of those here; not one in which somebody is. */
	const replace = page => {
		for (const part of document.querySelectorAll(".live[id]")) {
			const fresh = page.getElementById(part.id);

			if (fresh === null || part.contains(document.activeElement))
				continue;
			const open = [...part.querySelectorAll("details")].map(d => d.open);
			const node = document.importNode(fresh, true);

			draw(node);
			node.querySelectorAll("details").forEach((d, i) => {
				if (open[i] !== undefined)
					d.open = open[i];
			});
			part.replaceWith(node);
		}
	};

	const refresh = async () => {
		if (!isWatched())
			return;
		try {
			const reply = await fetch(location.href, {headers: {Accept: "text/html"}, redirect: "error"});

			if (reply.ok)
				replace(new DOMParser().parseFromString(await reply.text(), "text/html"));
		} catch {
			/* The gateway is away, or the log-in has ended: the page says of when it is. */
		}
	};

	for (const event of ["pointerdown", "pointermove", "keydown", "scroll"])
		addEventListener(event, () => { seen = Date.now(); }, {passive: true});
	draw(document);

	const goOn = () => setTimeout(async () => {
		await refresh();
		goOn();
	}, document.querySelector(".live.often") !== null ? OFTEN_MS : REFRESH_MS);

	if (document.querySelector(".live[id]") !== null) {
		goOn();
		document.addEventListener("visibilitychange", () => { seen = Date.now(); refresh(); });
	}
})();
