using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace Ingest.Core.Deduplicating;

/// <summary>
/// What a fingerprint is made of, versions 1 and 2. It decides what a duplicate is, in tables that outlive every refactoring: it must never change. A new way needs a
/// new version, pinned in the table.
/// <para>A row is encoded as the concatenation of its cells, in the plan's order, the department first and <c>_rescued</c> (if it counts) last. A cell is one tag
/// byte and the value, little-endian:</para>
/// <list type="table">
/// <item><term>0</term><description>null; nothing follows</description></item>
/// <item><term>1</term><description>boolean: 1 byte, 0 or 1</description></item>
/// <item><term>2</term><description>integer: 8 bytes (int and long alike, so that widening a column changes nothing)</description></item>
/// <item><term>3</term><description>double: 8 bytes, IEEE 754; -0 as +0</description></item>
/// <item><term>4</term><description>decimal: 1 byte scale, 16 bytes unscaled value, trailing zeros of the fraction removed (1.50 is 1.5)</description></item>
/// <item><term>5</term><description>date: 4 bytes, days since 1970-01-01</description></item>
/// <item><term>6</term><description>timestamp: 8 bytes, microseconds since 1970-01-01 UTC</description></item>
/// <item><term>7</term><description>text or bytes: 4 bytes length, then the bytes (UTF-8)</description></item>
/// </list>
/// <para>Tag and length make it injective: different rows never have the same encoding. The fingerprint is XXH3 128 with seed 0 over the encoding, as the
/// 128-bit number whose big-endian bytes are the canonical form of the hash.</para>
/// <para>Version 2 is for rows whose event date is part of the key, and puts it in front: the highest 16 bits of the hash are replaced by the date, as days since
/// 1970-01-01 plus 32768, held between 1 and 65535 (1880-04-15 to 2059-09-18); 0 for a row without. Of a timestamp it is the date in UTC. So the keys of a date lie
/// together in the index, and 112 bits of hash tell them apart.</para>
/// </summary>
public static class FingerprintEncoding
{
    /// <summary>The plain version, as in a table's dedup signature.</summary>
    public const string Version = "v1";

    /// <summary>The version with the date in front, as in a table's dedup signature.</summary>
    public const string DatedVersion = "v2";

    /// <summary>Bits of hash that version 2 leaves in a key's high half.</summary>
    internal const int HashHighBits = 48;

    private const int DayZero = 1 << 15;
    private const long MicrosecondsPerDay = 86_400_000_000;

    internal const byte Null = 0, Boolean = 1, Integer = 2, Double = 3, Decimal = 4, Date = 5, Timestamp = 6, Bytes = 7;

    /// <summary>Largest encoding of a cell that is not text.</summary>
    internal const int FixedCellMax = 18;

    /// <summary>The fingerprint of an encoded row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt128 Hash(ReadOnlySpan<byte> row) => XxHash128.HashToUInt128(row);

    /// <summary>The version 2 key of a row with this hash and date.</summary>
    /// <param name="days">Days since 1970-01-01; null for a row without date.</param>
    public static UInt128 Dated(UInt128 hash, int? days)
    {
        var date = days is { } d ? (ulong)Math.Clamp(d + (long)DayZero, 1, ushort.MaxValue) : 0;
        return new UInt128((date << HashHighBits) | ((ulong)(hash >> 64) & ((1UL << HashHighBits) - 1)), (ulong)hash);
    }

    /// <summary>The date in UTC of a time in microseconds since 1970.</summary>
    internal static int DayOf(long microseconds) =>
        (int)Math.Clamp((microseconds / MicrosecondsPerDay) - (microseconds % MicrosecondsPerDay < 0 ? 1 : 0), -DayZero, DayZero);

    internal static int WriteNull(Span<byte> to)
    {
        to[0] = Null;
        return 1;
    }

    internal static int WriteBoolean(Span<byte> to, byte value)
    {
        to[0] = Boolean;
        to[1] = value;
        return 2;
    }

    internal static int WriteInteger(Span<byte> to, long value) => Write8(to, Integer, value);

    internal static int WriteTimestamp(Span<byte> to, long value) => Write8(to, Timestamp, value);

    internal static int WriteDouble(Span<byte> to, double value) => Write8(to, Double, BitConverter.DoubleToInt64Bits(value == 0 ? 0d : value));

    internal static int WriteDate(Span<byte> to, int value)
    {
        to[0] = Date;
        BinaryPrimitives.WriteInt32LittleEndian(to[1..], value);
        return 5;
    }

    internal static int WriteDecimal(Span<byte> to, Int128 unscaled, int scale)
    {
        while (scale > 0)
        {
            var (quotient, remainder) = Int128.DivRem(unscaled, 10);
            if (remainder != 0) break;
            unscaled = quotient;
            scale--;
        }

        return WriteStripped(to, unscaled, scale);
    }

    internal static int WriteDecimal(Span<byte> to, long unscaled, int scale)
    {
        while (scale > 0)
        {
            var (quotient, remainder) = Math.DivRem(unscaled, 10L);
            if (remainder != 0) break;
            unscaled = quotient;
            scale--;
        }

        return WriteStripped(to, unscaled, scale);
    }

    internal static int WriteBytes(Span<byte> to, ReadOnlySpan<byte> value)
    {
        to[0] = Bytes;
        BinaryPrimitives.WriteInt32LittleEndian(to[1..], value.Length);
        value.CopyTo(to[5..]);
        return 5 + value.Length;
    }

    private static int WriteStripped(Span<byte> to, Int128 unscaled, int scale)
    {
        to[0] = Decimal;
        to[1] = (byte)scale;
        BinaryPrimitives.WriteInt128LittleEndian(to[2..], unscaled);
        return 18;
    }

    private static int Write8(Span<byte> to, byte tag, long value)
    {
        to[0] = tag;
        BinaryPrimitives.WriteInt64LittleEndian(to[1..], value);
        return 9;
    }
}
