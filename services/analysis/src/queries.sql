-- Tio räknade frågor över tabellerna för analytiker / Ten worked queries over the tables for analysts
--
-- Tabellerna följer registret och har utgåvans variabler som kolumner; vad de betyder står i kommentarerna (\d+ i psql).
-- The tables follow the register and have the release's variables as columns; what those mean is in the comments.
--
--   contact, episode, monitoring_period, care_request   en rad per gällande post / a row for each current record
--   parts                                               en rad per klassificerad del / a row for each classified part
--   codes                                               namn på koder / names of codes
--   lag                                                 hur långt tabellerna har kommit / how far the tables are
--
-- Filtrera på month, så läses bara de månaderna. Filter on month, so that only those months are read.
-- parts hör till sin post genom (reporter, kind, id); segmentets nummer räknas från 0, en listas från 1.
-- parts belongs to its record by (reporter, kind, id); a segment's number counts from 0, that of a list from 1.
-- Tal ur tabellerna är inte röjandeskyddade. Figures from the tables are not protected against disclosure.
-- Värdena nedan är 2026 års. The values below are those of 2026.

-- 1. Nådda per tusen, per kommun och grupp: personer i gruppen på tusen personer som kommunens poster gäller.
--    Reach per thousand by kommun and group: persons of the group in a thousand of those whom the kommun's records are of.
--    (Nämnaren är registrets egen; byt den mot befolkningen för ett mått per invånare.
--     The denominator is the register's own; put the population in its place for a figure by inhabitants.)
WITH residents AS (
    SELECT reporter, 'contact' AS kind, id, person, residence_known FROM analysis.contact
    UNION ALL SELECT reporter, 'episode', id, person, residence_known FROM analysis.episode
    UNION ALL SELECT reporter, 'monitoring-period', id, person, residence_known FROM analysis.monitoring_period
), known AS (
    SELECT residence_known AS kommun, count(DISTINCT person) AS persons
      FROM residents WHERE residence_known IS NOT NULL GROUP BY 1
), reached AS (
    SELECT r.residence_known AS kommun, g.code, count(DISTINCT r.person) AS persons
      FROM analysis.parts p
      JOIN residents r USING (reporter, kind, id)
     CROSS JOIN unnest(p.groups) AS g(code)
     WHERE r.residence_known IS NOT NULL
     GROUP BY 1, 2
)
SELECT kommun, reached.code AS "group", name.name_sv AS namn, reached.persons,
       round(1000.0 * reached.persons / known.persons, 1) AS per_thousand
  FROM reached
  JOIN known USING (kommun)
  LEFT JOIN analysis.codes name ON name.list = 'groups' AND name.code = reached.code AND name.release = '2026.1'
 ORDER BY kommun, "group";

-- 2. Dagar med sjukhusvård i hemmet, per månad. Sista dagen i ett segment räknas inte; det som pågår räknas till årets slut.
--    Days of hospital care at home by month. The last day of a segment is not counted; what is open, to the end of the year.
SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS days
  FROM analysis.parts p
  JOIN analysis.episode e USING (reporter, id)
 CROSS JOIN generate_series(
           e.segments_start[p.segment + 1],
           coalesce(e.segments_end[p.segment + 1], date '2027-01-01') - 1,
           interval '1 day') AS day
 WHERE p.kind = 'episode' AND p.episode_form = 'hospital-care-at-home'
 GROUP BY 1 ORDER BY 1;

-- 3. Andel kontakter i hemmet, per åldersgrupp.
--    Share of contacts in the home by age group.
SELECT p.axis_age_group AS age_group, count(*) AS contacts,
       count(*) FILTER (WHERE p.axis_place = 'ordinary-housing') AS at_home,
       round(100.0 * count(*) FILTER (WHERE p.axis_place = 'ordinary-housing') / count(*), 1) AS percent
  FROM analysis.parts p
 WHERE p.kind = 'contact' AND p.axis_age_group IS NOT NULL
 GROUP BY 1 ORDER BY 1;

-- 4. Förflyttningar mellan former inom en episod: från vilken form till vilken.
--    Movements between forms within an episode: from which form to which.
SELECT from_form, to_form, count(*) AS movements
  FROM (SELECT lag(p.episode_form) OVER episode AS from_form, p.episode_form AS to_form
          FROM analysis.parts p
         WHERE p.kind = 'episode'
        WINDOW episode AS (PARTITION BY p.reporter, p.id ORDER BY p.segment)) AS pairs
 WHERE from_form <> to_form
 GROUP BY 1, 2 ORDER BY 1, 2;

-- 5. Inskrivna natten till den 15:e i varje månad, per slag av plats: de som är inskrivna sedan dagen före.
--    Enrolled the night before the 15th of each month, by kind of bed: those who were so the day before and are still.
SELECT night::date AS night, p.axis_bed AS bed, count(*) AS enrolled
  FROM generate_series(timestamp '2026-01-15', timestamp '2026-12-15', interval '1 month') AS night
  JOIN analysis.episode e ON e.start < night
  JOIN analysis.parts p ON p.reporter = e.reporter AND p.kind = 'episode' AND p.id = e.id
   AND e.segments_start[p.segment + 1] < night
   AND coalesce(e.segments_end[p.segment + 1], 'infinity') >= night
 WHERE p.axis_bed IS NOT NULL AND p.axis_bed <> 'none'
 GROUP BY 1, 2 ORDER BY 1, 2;

-- 6. Medicinsk bedömning inom tre dagar från vårdbegäran, per månad; den som aldrig bedömdes räknas till nämnaren.
--    Medical assessment within three days of a care request by month; whoever was never assessed is in the denominator.
SELECT month, count(*) AS requests,
       count(*) FILTER (WHERE assessed - date <= 3) AS within_three_days,
       round(100.0 * count(*) FILTER (WHERE assessed - date <= 3) / count(*), 1) AS percent
  FROM analysis.care_request
 WHERE problem IN ('new', 'worsened')
 GROUP BY 1 ORDER BY 1;

-- 7. Kontakter per läkare eller annat yrke: hur många kontakter varje yrke deltog i, per enhet.
--    Contacts by profession: in how many contacts each profession took part, by unit.
SELECT c.unit, profession, name.name_sv AS namn, count(*) AS contacts
  FROM analysis.contact c
 CROSS JOIN unnest(c.professions) AS profession
  LEFT JOIN analysis.codes name ON name.list = 'profession' AND name.code = profession AND name.release = '2026.1'
 GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- 8. Distansmonitorering: perioder som pågick någon dag i månaden, med bedömda larm för dem som började då.
--    Remote monitoring: periods that were open on some day of the month, with the alarms assessed of those begun in it.
SELECT to_char(m, 'YYYY-MM') AS month, count(*) AS periods,
       coalesce(sum(period.assessed_alarms) FILTER (WHERE period.month = m), 0) AS alarms
  FROM generate_series(timestamp '2026-01-01', timestamp '2026-12-01', interval '1 month') AS m
  JOIN analysis.monitoring_period period
    ON period.start < m + interval '1 month' AND coalesce(period."end", 'infinity') > m
  JOIN analysis.parts p
    ON p.reporter = period.reporter AND p.kind = 'monitoring-period' AND p.id = period.id
 WHERE p.monitoring_form = 'remote-monitoring'
 GROUP BY 1 ORDER BY 1;

-- 9. Hemsjukvård för barn: barn och delar av vård, per region där barnet bor.
--    Home health care for children: children and parts of care, by the region that the child lives in.
SELECT left(r.residence_known, 2) AS region, name.name_sv AS namn,
       count(DISTINCT r.person) AS children, count(*) AS parts
  FROM analysis.parts p
  JOIN (SELECT reporter, 'contact' AS kind, id, person, residence_known FROM analysis.contact
        UNION ALL SELECT reporter, 'episode', id, person, residence_known FROM analysis.episode) AS r
       USING (reporter, kind, id)
  LEFT JOIN analysis.codes name ON name.list = 'https://vardnav.se/CodeSystem/geography'
       AND name.code = left(r.residence_known, 2) AND name.release = '2026.1'
 WHERE 'home-health-care-children' = ANY (p.groups)
 GROUP BY 1, 2 ORDER BY 1;

-- 10. Fullständighet, per uppgiftslämnare och månad: kontakter, hur många som väntar på fakta, utan diagnos, utan bostadsort.
--     Completeness by reporter and month: contacts, how many wait for facts, are without a diagnosis, without a residence.
SELECT reporter, month, count(*) AS contacts,
       count(*) FILTER (WHERE outcome = 'held') AS held,
       count(*) FILTER (WHERE diagnoses IS NULL) AS without_diagnosis,
       count(*) FILTER (WHERE residence_known IS NULL) AS without_residence
  FROM analysis.contact
 GROUP BY 1, 2 ORDER BY 1, 2;
