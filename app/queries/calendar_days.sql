-- Days on which the office departs from the published calendar, in order.
SELECT day, is_working, note FROM ops.calendar_days ORDER BY day
