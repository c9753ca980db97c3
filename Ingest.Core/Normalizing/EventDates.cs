using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>Derives <c>event_date</c> from a dataset's event column: a date as it is, an instant as the date it falls on in the dataset's zone.</summary>
internal sealed class EventDates(DatasetPlan plan)
{
    private readonly ZoneOffsets _zone = ZoneOffsets.Of(plan.TimeZone);

    /// <summary>Fills one date a row. A row whose instant is beyond 0001-01-01 to 9999-12-31 in that zone is out of range.</summary>
    public void Fill(NormalizedRecords rows, RowFaults faults)
    {
        var dates = rows.EventDate;
        dates.Reserve(rows.Count);
        if (plan.EventDateColumn < 0)
        {
            dates.Values.AsSpan(0, rows.Count).Clear();
            dates.Valid.AsSpan(0, rows.Count).Clear();
        }
        else if (rows.Columns[plan.EventDateColumn] is FixedVector<int> days)
        {
            days.Values.AsSpan(0, rows.Count).CopyTo(dates.Values);
            days.Valid.AsSpan(0, rows.Count).CopyTo(dates.Valid);
        }
        else
        {
            FromInstants((FixedVector<long>)rows.Columns[plan.EventDateColumn], dates, rows.Count, faults);
        }

        dates.SetCount(rows.Count);
    }

    private void FromInstants(FixedVector<long> instants, FixedVector<int> dates, int rows, RowFaults faults)
    {
        for (var row = 0; row < rows; row++)
        {
            var isValid = instants.Valid[row];
            var day = 0;
            if (isValid != 0)
            {
                var utc = instants.Values[row];
                day = CivilTime.DayOf(utc + _zone.OffsetAt(utc));
                if (day is < CivilTime.MinDay or > CivilTime.MaxDay)
                {
                    faults.Refuse(row, plan.EventDateColumn, ReasonCode.OutOfRange);
                    (day, isValid) = (0, 0);
                }
            }

            dates.Values[row] = day;
            dates.Valid[row] = isValid;
        }
    }
}
