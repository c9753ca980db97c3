using System.Globalization;
using System.Text;

namespace Ingest.Perf.Growth;

/// <summary>One shape of the city's data: how many departments, days, columns.</summary>
/// <param name="Columns">Contract columns, the id and the time among them.</param>
/// <param name="Records">Records in all; every one is new.</param>
internal sealed record GrowthCase(string Name, int Departments, int Dates, int Columns, int Records)
{
    public const int RecordsPerTransfer = 20;

    private static readonly DateTime s_firstDay = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);

    public static string Department(int department) => string.Create(CultureInfo.InvariantCulture, $"d{department:00}");

    public static string Topic(int department) => $"growth.{Department(department)}";

    /// <summary>The contract: columns of every kind in turn.</summary>
    public string Contract()
    {
        var text = new StringBuilder("dataset: growth\ntopics:\n");
        for (var d = 0; d < Departments; d++) text.Append(CultureInfo.InvariantCulture, $"  - {{ topic: {Topic(d)}, department: {Department(d)} }}\n");
        text.Append("format: json\ntime_zone: Asia/Shanghai\nevent_date: at\ncolumns:\n  - { name: id, type: string, required: true }\n  - { name: at, type: timestamp, formats: [\"yyyy-MM-dd HH:mm:ss\"] }\n");
        for (var c = 2; c < Columns; c++)
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: c{c}, type: {(c % 4) switch { 0 => "string", 1 => "int", 2 => "\"decimal(12,2)\"", _ => "boolean" }} }}\n");
        return text.ToString();
    }

    /// <summary>The next transfer of a department, as JSON; <paramref name="first"/> is its first record's number.</summary>
    public void WriteTransfer(int department, long first, StringBuilder to)
    {
        to.Append('[');
        for (var n = first; n < first + RecordsPerTransfer; n++)
        {
            var at = s_firstDay.AddDays(n % Dates).AddSeconds(n * 7919 % 86_400);
            to.Append(n > first ? "," : "").Append(CultureInfo.InvariantCulture, $"{{\"id\":\"{Department(department)}-{n:D10}\",\"at\":\"{at:yyyy-MM-dd HH:mm:ss}\"");
            for (var c = 2; c < Columns; c++)
            {
                var value = (uint)((n * 2654435761) + (c * 40503)) >> 4;
                to.Append(CultureInfo.InvariantCulture, $",\"c{c}\":");
                switch (c % 4)
                {
                    case 0: to.Append(CultureInfo.InvariantCulture, $"\"text {value % 1000}\""); break;
                    case 1: to.Append(value % 100_000); break;
                    case 2: to.Append(CultureInfo.InvariantCulture, $"{value % 1_000_000}.{value % 90 + 10}"); break;
                    default: to.Append(value % 2 == 0 ? "true" : "false"); break;
                }
            }

            to.Append('}');
        }

        to.Append(']');
    }
}
