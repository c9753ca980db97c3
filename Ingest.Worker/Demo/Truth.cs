using System.Text;
using Ingest.Core.Transfers;

namespace Ingest.Worker.Demo;

/// <summary>What should come of everything that was made so far: expected rows in CSV files, one a dataset, and refusals counted by department and reason.</summary>
internal sealed class Truth(string folder) : IDisposable
{
    /// <summary>Stands for null in the CSV files.</summary>
    public const string Null = "\\N";

    private readonly Dictionary<string, StreamWriter> _rows = new(StringComparer.Ordinal);

    /// <summary>Refused records (or transfers) by department and reason.</summary>
    public Dictionary<(string Department, string Reason), long> Refused { get; } = [];

    /// <summary>Records made, by department: those that are expected and those that are refused.</summary>
    public Dictionary<string, long> Records { get; } = new(StringComparer.Ordinal);

    public long Transfers { get; set; }

    public string FileOf(string dataset) => Path.Combine(folder, dataset + ".csv");

    public void Row(string department, SyntheticRecord record)
    {
        if (!_rows.TryGetValue(record.Plan.Name, out var file))
        {
            _rows.Add(record.Plan.Name, file = new StreamWriter(FileOf(record.Plan.Name), append: true, new UTF8Encoding(false), 1 << 16));
            if (file.BaseStream.Length == 0)
                file.Write(string.Join(',', record.Plan.Columns.Select(c => c.Name).Append("department").Append("_rescued")) + "\n");
        }

        for (var i = 0; i < record.Values.Length; i++) file.Write(Cell(record.Plan.Columns[i].Constant ?? record.Values[i]) + ",");
        file.Write(Cell(department) + "," + Cell(record.Rescued()) + "\n");
        Count(department, 1);
    }

    public void Refusal(string department, ReasonCode reason)
    {
        var key = (department, reason.Text());
        Refused[key] = Refused.GetValueOrDefault(key) + 1;
        Count(department, 1);
    }

    /// <summary>A record that is there already.</summary>
    public void Count(string department, long records) => Records[department] = Records.GetValueOrDefault(department) + records;

    public void Flush()
    {
        foreach (var file in _rows.Values) file.Flush();
    }

    public void Dispose()
    {
        foreach (var file in _rows.Values) file.Dispose();
    }

    private static string Cell(string? value) => value is null ? Null : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
