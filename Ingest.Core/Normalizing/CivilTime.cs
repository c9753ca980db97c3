namespace Ingest.Core.Normalizing;

/// <summary>The proleptic Gregorian calendar from 0001-01-01 to 9999-12-31, as days and microseconds since 1970-01-01.</summary>
internal static class CivilTime
{
    public const long MicrosPerSecond = 1_000_000;
    public const long MicrosPerMinute = 60 * MicrosPerSecond;
    public const long MicrosPerHour = 60 * MicrosPerMinute;
    public const long MicrosPerDay = 24 * MicrosPerHour;

    /// <summary>0001-01-01.</summary>
    public const int MinDay = -719_162;

    /// <summary>9999-12-31.</summary>
    public const int MaxDay = 2_932_896;

    public const long MinMicros = MinDay * MicrosPerDay;

    public const long MaxMicros = ((MaxDay + 1) * MicrosPerDay) - 1;

    private static ReadOnlySpan<ushort> DaysBeforeMonth => [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

    /// <summary>False: there is no such day.</summary>
    public static bool TryDay(int year, int month, int day, out int days)
    {
        days = 0;
        if ((uint)(year - 1) >= 9999 || (uint)(month - 1) >= 12) return false;
        var before = DaysBeforeMonth;
        var isLeap = (year & 3) == 0 && ((year & 15) == 0 || year % 25 != 0);
        var length = before[month] - before[month - 1] + (isLeap && month == 2 ? 1 : 0);
        if ((uint)(day - 1) >= (uint)length) return false;
        var y = (uint)(year - 1);
        days = (int)((y * 365) + (y / 4) - (y / 100) + (y / 400)) + before[month - 1] + (isLeap && month > 2 ? 1 : 0) + day - 1 + MinDay;
        return true;
    }

    /// <summary>The day that an instant or local time falls on, rounding down also before 1970.</summary>
    public static int DayOf(long micros) => (int)((ulong)(micros - MinMicros + MicrosPerDay) / MicrosPerDay) + MinDay - 1;
}
