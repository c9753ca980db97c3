namespace Ingest.Worker.Demo;

/// <summary>How the demo's departments behave, in shares of one. The numbers that come of it are counted as transfers are made.</summary>
internal static class Recipe
{
    public const double ResentTransfers = 0.02;
    public const double RepeatedRecords = 0.08;
    public const double CorrectedRecords = 0.01;
    public const double LateRecords = 0.03;
    public const double UnknownFields = 0.03;
    public const double MissingValues = 0.08;
    public const double MissingRequired = 0.003;
    public const double WrongTypes = 0.003;
    public const double RescuedValues = 0.01;
    public const double BrokenTransfers = 0.004;

    /// <summary>The first of the days on which things happen; later records reach back from it.</summary>
    public static DateTime FirstDay { get; } = new(2026, 3, 2, 0, 0, 0, DateTimeKind.Unspecified);

    public const int Days = 5;

    /// <summary>Late records are fewer days late than this. Each more day is a partition more for each department, and so a file more in many commits.</summary>
    public const int LateDaysMax = 8;
}
