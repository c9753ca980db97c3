using Ingest.Core.Deduplicating;

namespace Ingest.Perf.Index;

/// <summary>
/// The keys of a made-up table, in ascending order and without a sort of them all: the space is cut into buckets of equal width, each holding
/// as many keys at places that a hash gives. Any key can be made again from its number.
/// </summary>
/// <param name="keys">How many, about: rounded to whole buckets.</param>
/// <param name="dates">Days that the records are spread over.</param>
/// <param name="carryDates">Whether keys begin with their date (<see cref="FingerprintEncoding.Dated"/>), or are hashes from end to end.</param>
/// <param name="firstDate">The first date whose keys are made: a slice of a table too large to make.</param>
/// <param name="firstDay">Days since 1970 of the first date.</param>
internal sealed class KeySpace(long keys, int dates, bool carryDates, int firstDate = 0, int firstDay = 19_000)
{
    public const int BucketKeys = 1024;

    private readonly long _bucketsPerDate = Math.Max(1, (long)Math.Round(keys / (double)dates / BucketKeys));

    public int Dates { get; } = dates;

    public bool CarryDates { get; } = carryDates;

    public long Buckets => _bucketsPerDate * Dates;

    public long FirstBucket => firstDate * _bucketsPerDate;

    /// <summary>Keys of the whole table.</summary>
    public long AllKeys => Buckets * BucketKeys;

    /// <summary>Keys that are made.</summary>
    public long Keys => (Buckets - FirstBucket) * BucketKeys;

    public int DateOf(long bucket) => (int)(bucket / _bucketsPerDate);

    /// <summary>The keys of a bucket, not sorted.</summary>
    public void Fill(long bucket, Span<UInt128> into)
    {
        for (var i = 0; i < BucketKeys; i++) into[i] = Key(bucket, i);
    }

    public UInt128 Key(long bucket, int index)
    {
        var number = (ulong)((bucket * BucketKeys) + index);
        var (place, low) = (Mix(number * 2), Mix((number * 2) + 1));
        if (!CarryDates)
        {
            var width = ulong.MaxValue / (ulong)Buckets;
            return new UInt128(((ulong)bucket * width) + Math.BigMul(place, width, out _), low);
        }

        var ofDate = (1UL << FingerprintEncoding.HashHighBits) / (ulong)_bucketsPerDate;
        return Dated(DateOf(bucket), ((ulong)(bucket % _bucketsPerDate) * ofDate) + Math.BigMul(place, ofDate, out _), low);
    }

    /// <summary>A key that the table has, of one of the last <paramref name="lastDates"/> dates.</summary>
    public UInt128 Known(Random random, int lastDates)
    {
        var from = CarryDates ? (Dates - lastDates) * _bucketsPerDate : FirstBucket;
        return Key(random.NextInt64(from, Buckets), random.Next(BucketKeys));
    }

    /// <summary>A key that the table has not, of one of the last dates.</summary>
    public UInt128 Unknown(Random random, int lastDates)
    {
        var (high, low) = ((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
        return CarryDates ? Dated(Dates - 1 - random.Next(lastDates), high >> (64 - FingerprintEncoding.HashHighBits), low) : new UInt128(high, low);
    }

    private UInt128 Dated(int date, ulong high, ulong low) => FingerprintEncoding.Dated(new UInt128(high, low), firstDay + date);

    /// <summary>SplitMix64's mixing: a bijection, so that no two numbers have the same low half.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E37_79B9_7F4A_7C15;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
