#Requires -Version 5.1
<#
.SYNOPSIS
Sets monitor up on Windows: program, settings and folders, in one folder.

.DESCRIPTION
Puts monitor.exe, run_monitor.bat and setup_scheduler.ps1 into the folder, makes .env from
.env.example if there is none, makes the folders audit_logs and state, and lets nobody read .env but
you, administrators and the system. It may be run again: it replaces the program and leaves settings
and data as they are.

Run it as the user who shall run monitor. It needs no administrator.

.PARAMETER MonitorPath
The program. If absent, it is monitor.exe beside this script, target\release\monitor.exe of a checkout,
the one that is in the folder already, or the one in PATH, in this order.

.PARAMETER InstallDir
The folder. If absent, it is where .env.example lies: the folder of an unpacked release, or the top of
a checkout. A folder directly under C:\ can be changed by every user of the machine; one in your home
folder cannot.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File .\setup_windows.ps1

.EXAMPLE
powershell -ExecutionPolicy Bypass -File .\setup_windows.ps1 -InstallDir "$HOME\monitor"
#>
[CmdletBinding()]
param(
    [string] $MonitorPath,
    [string] $InstallDir
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# This file is ASCII: Windows PowerShell 5.1 takes a file without a byte order mark for ANSI.

# The full form of a path that is relative to the folder of the prompt.
function Resolve-FullPath {
    param([string] $Path)
    $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
}

function Test-File {
    param([string] $Path)
    Test-Path -LiteralPath $Path -PathType Leaf
}

# Not Get-FileHash, which Windows PowerShell does not find if a newer PowerShell is above it.
function Get-ContentHash {
    param([string] $Path)
    $algorithm = [Security.Cryptography.SHA256]::Create()
    [BitConverter]::ToString($algorithm.ComputeHash([IO.File]::ReadAllBytes($Path)))
}

function Test-SameContent {
    param([string] $One, [string] $Other)
    (Get-ContentHash $One) -eq (Get-ContentHash $Other)
}

# The folder above this script, which of a checkout is the top.
function Get-FolderAbove {
    [IO.Path]::GetFullPath((Join-Path $PSScriptRoot '..'))
}

function Find-Example {
    foreach ($folder in @($PSScriptRoot, (Get-FolderAbove))) {
        $example = Join-Path $folder '.env.example'
        if (Test-File $example) {
            return $example
        }
    }
    throw '.env.example is missing beside this script. Unpack the whole release.'
}

function Find-Program {
    param([string] $Folder)
    $places = @(
        (Join-Path $PSScriptRoot 'monitor.exe'),
        (Join-Path (Get-FolderAbove) 'target\release\monitor.exe'),
        (Join-Path $Folder 'monitor.exe')
    )
    foreach ($place in $places) {
        if (Test-File $place) {
            return $place
        }
    }
    $command = Get-Command -Name monitor.exe -CommandType Application -ErrorAction SilentlyContinue |
        Select-Object -First 1
    if ($null -ne $command) {
        return $command.Path
    }
    throw ("monitor.exe is not beside this script, nor in $Folder or in PATH. Name it with " +
        "-MonitorPath, unpack the whole release, or build it: cargo build --release")
}

# Proves that the program runs here, and gives its name and version.
function Get-ProgramVersion {
    param([string] $Path)
    try {
        $version = "$(& $Path --version)"
    } catch {
        throw "$Path does not run on this machine: $($_.Exception.Message)"
    }
    if ($LASTEXITCODE -ne 0 -or $version -notmatch '^monitor \d') {
        throw "$Path is not monitor, or does not run on this machine (code $LASTEXITCODE)."
    }
    $version
}

# Copies a file, unless the same is there already.
function Copy-NewFile {
    param([string] $Path, [string] $Target)
    if ((Test-File $Target) -and (Test-SameContent $Path $Target)) {
        return
    }
    try {
        [IO.File]::Copy($Path, $Target, $true)
    } catch {
        throw ("$Target cannot be written: $($_.Exception.GetBaseException().Message) " +
            'If a check is under way, wait for its end and run this again.')
    }
}

# Lets nobody read the settings but this user, under whom the task runs, and those who could take the
# right anyhow. Accounts go by their numbers, for their names depend on the language of Windows.
function Protect-Settings {
    param([string] $Path)
    $user = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    $system = 'S-1-5-18'
    $administrators = 'S-1-5-32-544'
    Invoke-Icacls $Path @('/reset')
    Invoke-Icacls $Path @('/inheritance:r', '/grant:r',
        "*${user}:F", "*${system}:F", "*${administrators}:F")
}

function Invoke-Icacls {
    param([string] $Path, [string[]] $Change)
    & icacls.exe $Path $Change /Q | Out-Null
    if ($LASTEXITCODE -ne 0) {
        throw ("The rights of $Path cannot be set (icacls ended with code $LASTEXITCODE). " +
            "The folder must be on an NTFS drive, and the file must be yours.")
    }
}

function Install-Monitor {
    if ([Environment]::OSVersion.Platform -ne [PlatformID]::Win32NT) {
        throw 'This is for Windows. On Linux use install.sh.'
    }
    $example = Find-Example
    $folder = if ($InstallDir) { Resolve-FullPath $InstallDir } else { Split-Path -Parent $example }
    $program = if ($MonitorPath) { Resolve-FullPath $MonitorPath } else { Find-Program $folder }
    if (-not (Test-File $program)) {
        throw "There is no program at $program."
    }
    $version = Get-ProgramVersion $program

    foreach ($path in @($folder, (Join-Path $folder 'audit_logs'), (Join-Path $folder 'state'))) {
        [void] [IO.Directory]::CreateDirectory($path)
    }
    $installed = Join-Path $folder 'monitor.exe'
    Copy-NewFile $program $installed
    # In a checkout the scripts find the program from where they are.
    $scripts = $PSScriptRoot
    if (@($folder, (Join-Path $folder 'scripts')) -notcontains $PSScriptRoot) {
        $scripts = $folder
        foreach ($name in @('run_monitor.bat', 'setup_scheduler.ps1')) {
            Copy-NewFile (Join-Path $PSScriptRoot $name) (Join-Path $folder $name)
        }
    }

    $settings = Join-Path $folder '.env'
    if (-not (Test-File $settings)) {
        [IO.File]::Copy($example, $settings, $false)
    }
    Protect-Settings $settings

    $run = Join-Path $scripts 'run_monitor.bat'
    $schedule = Join-Path $scripts 'setup_scheduler.ps1'
    Write-Host @"
$version is set up in $folder

  program   $installed
  settings  $settings
  history   $(Join-Path $folder 'state')
  CSV       $(Join-Path $folder 'audit_logs')
"@
    if (Test-SameContent $example $settings) {
        Write-Host @"

Next:
  1. Fill in the settings:  notepad "$settings"
  2. See that all is well:  & "$run" doctor
  3. Begin:                 & "$run" --first-run
  4. Have it check once an hour, from a PowerShell that runs as administrator:
     powershell -ExecutionPolicy Bypass -File "$schedule"
"@
    }
}

try {
    Install-Monitor
} catch {
    Write-Verbose $_.ScriptStackTrace
    $Host.UI.WriteErrorLine("setup_windows: $($_.Exception.Message)")
    exit 1
}
