using System.Globalization;

namespace Ingest.Perf.Stores;

/// <summary>CPU time of other processes by their ids: what a server on the same cores takes from the one that is measured.</summary>
internal static class ServerCpu
{
    private const double TicksPerSecond = 100; // USER_HZ, which the kernel fixes for /proc

    public static double Seconds(IEnumerable<int> processes) => processes.Sum(Seconds);

    private static double Seconds(int process)
    {
        try
        {
            // Fields are counted behind the name, which is in brackets and may hold anything.
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return 0;
        }
    }
}
