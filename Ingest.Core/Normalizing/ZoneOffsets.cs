using System.Collections.Concurrent;

namespace Ingest.Core.Normalizing;

/// <summary>
/// The offsets of a time zone, in pieces of constant offset that are found once and kept: TimeZoneInfo takes hundreds of nanoseconds a question. Everything is
/// derived from the offset at an instant, so that gaps and overlaps follow from it alone. Times are microseconds since 1970. Thread-safe.
/// </summary>
internal sealed class ZoneOffsets
{
    // 2^44 µs are 203 days: few buckets have more than two pieces.
    private const int BucketBits = 44;
    private const long Margin = CivilTime.MicrosPerDay;
    private const long First = CivilTime.MinMicros - (2 * Margin);
    private const long Last = CivilTime.MaxMicros + (2 * Margin);
    private static readonly ConcurrentDictionary<string, ZoneOffsets> s_zones = new(StringComparer.Ordinal);

    private readonly TimeZoneInfo _zone;
    private readonly Piece[]?[] _buckets = new Piece[]?[((Last - First) >> BucketBits) + 1];

    private ZoneOffsets(TimeZoneInfo zone) => _zone = zone;

    /// <summary>One instance a zone for the whole process.</summary>
    public static ZoneOffsets Of(TimeZoneInfo zone)
    {
        var known = s_zones.GetOrAdd(zone.Id, static (_, z) => new ZoneOffsets(z), zone);

        // A zone made by hand may carry the name of another.
        return ReferenceEquals(known._zone, zone) || known._zone.HasSameRules(zone) ? known : new ZoneOffsets(zone);
    }

    /// <summary>Microseconds to add to an instant to get the local time.</summary>
    public long OffsetAt(long utc) => Find(utc).Offset;

    /// <summary>The instant of a local time; the earlier one when clocks were set back over it. False when clocks were set forward over it.</summary>
    public bool TryToUtc(long local, out long utc)
    {
        var piece = Find(local - Margin);
        utc = local - piece.Offset;
        if (local + Margin < piece.To) return true;

        // No offset exceeds a day, so the instant lies within a day of the local time read as UTC. Pieces ascend, so the first that fits is the earliest.
        while (true)
        {
            utc = local - piece.Offset;
            if (utc >= piece.From && utc < piece.To) return true;
            if (piece.To > local + Margin) return false;
            piece = Find(piece.To);
        }
    }

    private Piece Find(long utc)
    {
        var bucket = (int)((utc - First) >> BucketBits);
        var pieces = Volatile.Read(ref _buckets[bucket]) ?? Fill(bucket);
        var i = 0;
        while (utc >= pieces[i].To) i++;
        return pieces[i];
    }

    private Piece[] Fill(int bucket)
    {
        var from = First + ((long)bucket << BucketBits);
        var end = from + (1L << BucketBits);
        var pieces = new List<Piece>();
        var offset = Ask(from);
        for (var at = from; at < end;)
        {
            // No zone has changed its offset and changed it back within six hours.
            var next = Math.Min(end, at + (6 * CivilTime.MicrosPerHour));
            var nextOffset = Ask(next);
            if (nextOffset != offset)
            {
                var change = FindChange(at, next, offset);
                pieces.Add(new Piece(from, change, offset));
                (from, offset) = (change, nextOffset);
            }

            at = next;
        }

        // A change on the very border makes a piece of the next bucket.
        if (from < end) pieces.Add(new Piece(from, end, offset));
        Piece[] filled = [.. pieces];
        Volatile.Write(ref _buckets[bucket], filled);
        return filled;
    }

    /// <summary>The first instant in (low, high] at which the offset is no longer <paramref name="before"/>; transitions are at whole seconds, bucket borders are not.</summary>
    private long FindChange(long low, long high, long before)
    {
        low -= Modulo(low, CivilTime.MicrosPerSecond);
        high += Modulo(-high, CivilTime.MicrosPerSecond);
        while (high - low > CivilTime.MicrosPerSecond)
        {
            var middle = low + ((high - low) / (2 * CivilTime.MicrosPerSecond) * CivilTime.MicrosPerSecond);
            if (Ask(middle) == before) low = middle;
            else high = middle;
        }

        return high;
    }

    private static long Modulo(long value, long by) => ((value % by) + by) % by;

    private long Ask(long utc)
    {
        var ticks = Math.Clamp(utc, CivilTime.MinMicros, CivilTime.MaxMicros) * TimeSpan.TicksPerMicrosecond;
        return _zone.GetUtcOffset(new DateTime(DateTime.UnixEpoch.Ticks + ticks, DateTimeKind.Utc)).Ticks / TimeSpan.TicksPerMicrosecond;
    }

    /// <param name="From">First instant.</param>
    /// <param name="To">First instant after it.</param>
    private readonly record struct Piece(long From, long To, long Offset);
}
