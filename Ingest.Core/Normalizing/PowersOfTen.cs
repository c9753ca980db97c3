namespace Ingest.Core.Normalizing;

/// <summary>10^0 to 10^18 as long, 10^0 to 10^38 as UInt128.</summary>
internal static class PowersOfTen
{
    private static readonly long[] s_long = new long[19];
    private static readonly UInt128[] s_wide = new UInt128[39];

    static PowersOfTen()
    {
        s_wide[0] = 1;
        for (var i = 1; i < s_wide.Length; i++) s_wide[i] = s_wide[i - 1] * 10;
        for (var i = 0; i < s_long.Length; i++) s_long[i] = (long)s_wide[i];
    }

    public static long Long(int power) => s_long[power];

    public static UInt128 Wide(int power) => s_wide[power];
}
