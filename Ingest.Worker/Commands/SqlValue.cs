using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace Ingest.Worker.Commands;

/// <summary>Values of a query's result as text. Times are ISO 8601, what that has no form for is drawn by DuckDB; everything else looks as DuckDB prints it.</summary>
internal static class SqlValue
{
    /// <summary>DuckDB's TIME_NS, which the client does not know.</summary>
    public const DuckDBType TimeInNanoseconds = (DuckDBType)39;

    private const long SecondsPerDay = 86_400, FirstSecond = -62_135_596_800, LastSecond = 253_402_300_799;

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly SearchValues<byte> s_plain = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (byte)c).Except("\\'\""u8.ToArray())]);

    public static string Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, s_options)) write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>As DuckDB draws it.</summary>
    public static string Drawn(DuckDBValue value)
    {
        using (value) return Value.DuckDBGetVarchar(value);
    }

    /// <param name="unscaled">All digits.</param>
    /// <param name="scale">How many of them stand behind the point.</param>
    public static string Decimal(Int128 unscaled, int scale)
    {
        var digits = Int128.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        return $"{(unscaled < 0 ? "-" : "")}{digits[..^scale]}{(scale > 0 ? "." : "")}{digits[^scale..]}";
    }

    /// <summary>A BIGNUM: three bytes of sign and length, then the number, the high bytes first; of negative ones all bits are turned over.</summary>
    public static BigInteger LargeNumber(ReadOnlySpan<byte> bytes)
    {
        if ((bytes[0] & 0x80) != 0) return new BigInteger(bytes[3..], isUnsigned: true, isBigEndian: true);
        var turned = bytes[3..].ToArray();
        for (var i = 0; i < turned.Length; i++) turned[i] = (byte)~turned[i];
        return -new BigInteger(turned, isUnsigned: true, isBigEndian: true);
    }

    /// <summary>Text where it is text, as refused records mostly are; other bytes as DuckDB prints them, <c>\xAB</c> where they are no plain ASCII.</summary>
    public static string Blob(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
        var text = new StringBuilder(bytes.Length * 2);
        foreach (var b in bytes)
        {
            if (s_plain.Contains(b)) text.Append((char)b);
            else text.Append(CultureInfo.InvariantCulture, $@"\x{b:X2}");
        }

        return text.ToString();
    }

    /// <summary>A BIT: how many bits of the second byte are none, then the bits.</summary>
    public static string Bits(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (int i = bytes[0]; i < (bytes.Length - 1) * 8; i++) text.Append((bytes[1 + (i / 8)] >> (7 - (i % 8)) & 1) == 0 ? '0' : '1');
        return text.ToString();
    }

    /// <summary>DuckDB turns the highest bit over, so that they sort as signed numbers.</summary>
    public static string Uuid(UInt128 stored)
    {
        var digits = (stored ^ (UInt128.One << 127)).ToString("x32", CultureInfo.InvariantCulture);
        return $"{digits[..8]}-{digits[8..12]}-{digits[12..16]}-{digits[16..20]}-{digits[20..]}";
    }

    /// <param name="days">Since 1970.</param>
    public static string Date(int days) =>
        days * SecondsPerDay is var seconds and >= FirstSecond and <= LastSecond ? Ticks(seconds).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : Drawn(Value.DuckDBCreateDate(new DuckDBDate { Days = days }));

    /// <summary>Up to 24:00:00.</summary>
    public static string Time(long value, long perSecond)
    {
        var seconds = value / perSecond;
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:D2}:{seconds / 60 % 60:D2}:{seconds % 60:D2}{Fraction(value % perSecond, perSecond)}");
    }

    /// <summary>Instants are printed in UTC and say so; times without a zone say nothing.</summary>
    public static string Timestamp(long value, DuckDBType type)
    {
        var perSecond = type switch { DuckDBType.TimestampS => 1, DuckDBType.TimestampMs => 1_000, DuckDBType.TimestampNs => 1_000_000_000, _ => 1_000_000L };
        var (seconds, rest) = Math.DivRem(value, perSecond);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + perSecond);
        if (IsFinite(value) && seconds is >= FirstSecond and <= LastSecond)
            return Ticks(seconds).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + Fraction(rest, perSecond) + (type == DuckDBType.TimestampTz ? "Z" : "");
        var raw = new DuckDBTimestampStruct { Micros = value };
        return Drawn(type switch
        {
            DuckDBType.TimestampS => Value.DuckDBCreateTimestampS(raw),
            DuckDBType.TimestampMs => Value.DuckDBCreateTimestampMs(raw),
            DuckDBType.TimestampNs => Value.DuckDBCreateTimestampNs(raw),
            DuckDBType.TimestampTz => Value.DuckDBCreateTimestampTz(raw),
            _ => Value.DuckDBCreateTimestamp(raw),
        });
    }

    /// <summary>The same numbers in all units; nanoseconds reach no further than the year 2262, so that nothing else tells them there.</summary>
    private static bool IsFinite(long value) => value is not (long.MaxValue or -long.MaxValue);

    private static DateTime Ticks(long seconds) => DateTime.UnixEpoch.AddTicks(seconds * TimeSpan.TicksPerSecond);

    private static string Fraction(long rest, long perSecond) => rest == 0 ? "" : "." + (perSecond + rest).ToString(CultureInfo.InvariantCulture)[1..].TrimEnd('0');
}
