//! The look of the page: one style sheet in the page itself.

/// Light and dark by the reader's own setting; contrast at least 7:1 for text; nothing moves.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b2733;--soft:#43525f;--paper:#fbfaf7;--card:#fff;--line:#d5d9dc;--mark:#e9f1f4;\
--link:#0b4f6c}\
@media(prefers-color-scheme:dark){:root{--ink:#e8edf0;--soft:#b4c0c8;--paper:#12181d;--card:#1a2228;--line:#36424b;\
--mark:#22313a;--link:#8fd0ea}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.6 system-ui,sans-serif}\
a{color:var(--link)}\
a:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--link);outline-offset:2px}\
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem}\
header,main,footer{max-width:76rem;margin:0 auto;padding:1.25rem}\
header{display:flex;flex-wrap:wrap;gap:.5rem 2rem;align-items:baseline;border-bottom:1px solid var(--line)}\
header p{margin:0}.name{font-size:1.35rem;font-weight:650}.away{margin-left:auto!important}\
h1{font-size:1.9rem;line-height:1.25;margin:1.5rem 0 .5rem;max-width:34ch}h2{font-size:1.3rem;margin:2.25rem 0 .5rem}\
p,li,dd{max-width:68ch}.soft{color:var(--soft)}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem}dt{color:var(--soft)}dd{margin:0}\
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.4rem}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
caption{text-align:left;padding:.75rem .9rem;font-weight:600}\
th,td{padding:.4rem .9rem;text-align:right;border-top:1px solid var(--line);vertical-align:bottom}\
th[scope=row],thead th:first-child{text-align:left;font-weight:500;white-space:nowrap}\
thead th{font-weight:600}tbody tr:first-child{background:var(--mark)}tbody tr:first-child th{font-weight:650}\
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;margin:.5rem 0}\
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}\
footer{border-top:1px solid var(--line);margin-top:3rem}\
@media print{.skip,nav{display:none}body{background:#fff;color:#000}}";
