namespace Ingest.Perf.Workloads;

/// <summary>
/// What everybody has to read: records of <see cref="Departments"/> departments over <see cref="Dates"/> dates, every tenth one a repetition. The same name and
/// number make the same bytes.
/// </summary>
/// <param name="Name"><c>batch</c> or <c>single</c>.</param>
/// <param name="RecordsPerMessage">1: a message is an object; more: an array of them.</param>
/// <param name="Records">Records in all; whole messages.</param>
internal sealed record Workload(string Name, int RecordsPerMessage, long Records)
{
    public const int Departments = 59;

    public const int Dates = 4;

    /// <summary>Days since 1970 of the first date, 2026-03-02, and of the last.</summary>
    public const int FirstDay = 20_514, LastDay = FirstDay + Dates - 1;

    /// <summary>One record in so many is a repetition of an earlier one of its department.</summary>
    public const int RepeatEvery = 10;

    /// <summary>The day of a record, from 0, by its department and its number there; null: one after the other, over <see cref="Dates"/>.</summary>
    public Func<int, long, long>? Days { get; init; }

    public long Messages => Records / RecordsPerMessage;

    /// <summary>Name of the dataset, its table, and the beginning of its topics' names.</summary>
    public string Dataset => $"perf-{Name}-{Records}";

    /// <summary>A batch of 20 records is about 4 KB, as departments send it; a single record is what gateways send.</summary>
    public static Workload Of(string name, long records) => name switch
    {
        "batch" => new Workload(name, 20, Math.Max(1, records / 20) * 20),
        "single" => new Workload(name, 1, Math.Max(1, records)),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There are batch and single."),
    };

    public static string Department(int department) => $"d{department:00}";

    public string Topic(int department) => $"{Dataset}.{Department(department)}";

    /// <summary>Messages of one department: they take turns.</summary>
    public long MessagesOf(int department) => (Messages / Departments) + (department < Messages % Departments ? 1 : 0);

    /// <summary>Distinct records: the rows that must come of it.</summary>
    public long Distinct => Enumerable.Range(0, Departments).Sum(d => (MessagesOf(d) * RecordsPerMessage) - (MessagesOf(d) * RecordsPerMessage / RepeatEvery));
}
